package synthserve

import (
	"cmp"
	"context"
	"iter"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// ModelsOption is an option of a list of models.
type ModelsOption func(*listing)

// listing is what was asked for of a list of models.
type listing struct{ view synthservev1.ModelView }

// FullView lists models with the categories of their columns and conditions. They are left out without it, and even with
// it for a model whose categories do not fit into a message; [Client.Model] has them all.
func FullView() ModelsOption {
	return func(l *listing) { l.view = synthservev1.ModelView_MODEL_VIEW_FULL }
}

// Models gives what the server has found, by name, those that failed to load too. It asks for the next page when a loop
// comes to it. Without [FullView] it tells how many categories columns and conditions have (CategoryCount), but not which.
func (c *Client) Models(ctx context.Context, options ...ModelsOption) iter.Seq2[*synthservev1.Model, error] {
	asked := listing{view: synthservev1.ModelView_MODEL_VIEW_BASIC}
	for _, option := range options {
		option(&asked)
	}
	return func(yield func(*synthservev1.Model, error) bool) {
		for token := ""; ; {
			page, err := unary(ctx, c, func(
				ctx context.Context, options ...grpc.CallOption,
			) (*synthservev1.ListModelsResponse, error) {
				return c.models.ListModels(ctx, &synthservev1.ListModelsRequest{PageToken: token, View: asked.view}, options...)
			})
			if err != nil {
				yield(nil, err)
				return
			}
			for _, model := range page.GetModels() {
				if !yield(model, nil) {
					return
				}
			}
			if token = page.GetNextPageToken(); token == "" {
				return
			}
		}
	}
}

// Model describes one model: what it generates, with all categories, the conditions that it takes, its quality, what a
// person should know. The code is codes.NotFound where there is no such model.
func (c *Client) Model(ctx context.Context, name string) (*synthservev1.Model, error) {
	var asked request
	if err := asked.check(name); err != nil {
		return nil, err
	}
	page, err := c.modelPage(ctx, asked.model, "")
	if err != nil {
		return nil, err
	}
	model := page.GetModel()
	columns, conditions := columnCategories(model.GetTable()), conditionCategories(model)
	for token := page.GetNextPageToken(); token != ""; token = page.GetNextPageToken() {
		if page, err = c.modelPage(ctx, asked.model, token); err != nil {
			return nil, err
		}
		part := page.GetPart()
		if part == nil {
			return nil, protocolError("expected more categories of %s, got a page without any", asked.model)
		}
		err := cmp.Or(appendCategories(columns, part.GetColumns()), appendCategories(conditions, part.GetConditions()))
		if err != nil {
			return nil, err
		}
	}
	if err := cmp.Or(checkCategories(columns), checkCategories(conditions)); err != nil {
		return nil, err
	}
	return model, nil
}

func (c *Client) modelPage(ctx context.Context, name, token string) (*synthservev1.GetModelResponse, error) {
	return unary(ctx, c, func(
		ctx context.Context, options ...grpc.CallOption,
	) (*synthservev1.GetModelResponse, error) {
		return c.models.GetModel(ctx, &synthservev1.GetModelRequest{Name: name, PageToken: token}, options...)
	})
}
