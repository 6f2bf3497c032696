package synthserve

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Models gives what the server has found, by name, those that failed to load too. It asks for the next page when a loop
// comes to it.
func (c *Client) Models(ctx context.Context) iter.Seq2[*synthservev1.Model, error] {
	return func(yield func(*synthservev1.Model, error) bool) {
		for token := ""; ; {
			page, err := unary(ctx, c, func(
				ctx context.Context, options ...grpc.CallOption,
			) (*synthservev1.ListModelsResponse, error) {
				return c.models.ListModels(ctx, &synthservev1.ListModelsRequest{PageToken: token}, options...)
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

// Model describes one model: what it generates, the conditions that it takes, its quality, what a person should know. The
// code is codes.NotFound where there is no such model.
func (c *Client) Model(ctx context.Context, name string) (*synthservev1.Model, error) {
	var asked request
	if err := asked.check(name); err != nil {
		return nil, err
	}
	response, err := unary(ctx, c, func(
		ctx context.Context, options ...grpc.CallOption,
	) (*synthservev1.GetModelResponse, error) {
		return c.models.GetModel(ctx, &synthservev1.GetModelRequest{Name: asked.model}, options...)
	})
	return response.GetModel(), err
}
