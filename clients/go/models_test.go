package synthserve

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func TestModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tokens []string
		list := func(_ context.Context, request *synthservev1.ListModelsRequest) (*synthservev1.ListModelsResponse, error) {
			tokens = append(tokens, request.GetPageToken())
			switch len(tokens) {
			case 1:
				return &synthservev1.ListModelsResponse{
					Models:        []*synthservev1.Model{{Name: "models/a"}, {Name: "models/b"}},
					NextPageToken: "second",
				}, nil
			case 2:
				return nil, status.Error(codes.Unavailable, "going down")
			default:
				return &synthservev1.ListModelsResponse{Models: []*synthservev1.Model{{Name: "models/c"}}}, nil
			}
		}
		client := connect(t, &fake{list: list})
		var names []string
		for model, err := range client.Models(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, model.GetName())
		}
		if want := []string{"models/a", "models/b", "models/c"}; !slices.Equal(names, want) {
			t.Errorf("got %v", names)
		}
		if want := []string{"", "second", "second"}; !slices.Equal(tokens, want) {
			t.Errorf("asked for the pages %q", tokens)
		}

		tokens = nil
		for range client.Models(t.Context()) {
			break
		}
		if len(tokens) != 1 {
			t.Errorf("asked for %d pages when one was looked at", len(tokens))
		}
	})
}

func TestModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		get := func(ctx context.Context, request *synthservev1.GetModelRequest) (*synthservev1.GetModelResponse, error) {
			if request.GetName() == version {
				return &synthservev1.GetModelResponse{Model: &synthservev1.Model{Version: version}}, nil
			}
			if err := grpc.SetTrailer(ctx, metadata.Pairs("x-request-id", "request-1")); err != nil {
				return nil, err
			}
			resource := &errdetails.ResourceInfo{ResourceName: request.GetName()}
			return nil, refusal(codes.NotFound, "there is no such model", ReasonModelNotFound, resource)
		}
		client := connect(t, &fake{get: get})
		model, err := client.Model(t.Context(), "numbers@3")
		if err != nil || model.GetVersion() != version {
			t.Errorf("got %v, %v", model, err)
		}
		_, err = client.Model(t.Context(), "nothing")
		failure, ok := errors.AsType[*Error](err)
		if !ok || failure.Reason != ReasonModelNotFound || failure.ResourceName != "models/nothing" ||
			failure.RequestID != "request-1" {
			t.Errorf("got %#v", err)
		}
		if _, err := client.Model(t.Context(), "@"); status.Code(err) != codes.InvalidArgument {
			t.Errorf("got %v", err)
		}
	})
}
