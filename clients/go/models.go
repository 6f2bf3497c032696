package synthserve

import (
	"cmp"
	"context"
	"iter"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// ModelsOption is an option of [Client.Models].
type ModelsOption func(*listing)

// listing is the request for a list of models.
type listing struct{ view synthservev1.ModelView }

// FullView lists models with the categories of their columns and conditions, except for a model whose categories do not
// fit into a message. [Client.Model] always returns all categories.
func FullView() ModelsOption {
	return func(l *listing) { l.view = synthservev1.ModelView_MODEL_VIEW_FULL }
}

// Models yields the models of the server, sorted by name, including those that failed to load. It requests each page
// when the loop reaches it. Without [FullView] it gives the number of categories (CategoryCount), but not the
// categories.
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

// Model describes one model: its schema with all categories, its conditions, its quality and its model card. The code
// of the error is codes.NotFound if the model does not exist.
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
