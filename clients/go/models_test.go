package synthserve

import (
	"context"
	"errors"
	"slices"
	"strings"
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
		var views []synthservev1.ModelView
		list := func(_ context.Context, request *synthservev1.ListModelsRequest) (*synthservev1.ListModelsResponse, error) {
			tokens, views = append(tokens, request.GetPageToken()), append(views, request.GetView())
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
		basic, full := synthservev1.ModelView_MODEL_VIEW_BASIC, synthservev1.ModelView_MODEL_VIEW_FULL
		if want := []synthservev1.ModelView{basic, basic, basic}; !slices.Equal(views, want) {
			t.Errorf("asked for the views %v", views)
		}

		tokens, views = nil, nil
		for range client.Models(t.Context(), FullView()) {
			break
		}
		if len(tokens) != 1 || views[0] != full {
			t.Errorf("asked for %d pages when one was looked at, and the views %v", len(tokens), views)
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

// manyCategories is pages that describe a model: five categories of a column, and three of a condition.
func manyCategories() []*synthservev1.GetModelResponse {
	column := &synthservev1.Column{
		Name: "city", Type: synthservev1.ColumnType_COLUMN_TYPE_CATEGORY, Categories: []string{"a", "b"}, CategoryCount: 5,
	}
	model := &synthservev1.Model{
		Version: version,
		Output:  &synthservev1.Model_Table{Table: &synthservev1.TableSchema{Columns: []*synthservev1.Column{column}}},
		Conditions: []*synthservev1.ConditionSpec{
			{Column: "city", CategoryCount: 5}, // those of the column
			{Column: "style", CategoryCount: 3, Categories: []string{"x"}, Kind: 99},
		},
	}
	return []*synthservev1.GetModelResponse{
		{Model: model, NextPageToken: "1"},
		{Part: &synthservev1.SchemaPart{Columns: []*synthservev1.CategoryPart{{Categories: []string{"c", "d"}}}}, NextPageToken: "2"},
		{Part: &synthservev1.SchemaPart{
			Columns:    []*synthservev1.CategoryPart{{Categories: []string{"e"}}},
			Conditions: []*synthservev1.CategoryPart{{Index: 1, Categories: []string{"y", "z"}}},
		}},
	}
}

// servePages serves pages whose tokens are their numbers. The second call for one of them fails.
func servePages(t *testing.T, pages []*synthservev1.GetModelResponse) *Client {
	t.Helper()
	calls := 0
	return connect(t, &fake{get: func(
		_ context.Context, request *synthservev1.GetModelRequest,
	) (*synthservev1.GetModelResponse, error) {
		if calls++; calls == 2 {
			return nil, status.Error(codes.Unavailable, "going down")
		}
		page := 0
		if token := request.GetPageToken(); token != "" {
			page = int(token[0] - '0')
		}
		if request.GetName() != "models/numbers" || page >= len(pages) {
			return nil, status.Error(codes.InvalidArgument, "no such page")
		}
		return pages[page], nil
	}})
}

func TestAModelInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		model, err := servePages(t, manyCategories()).Model(t.Context(), "numbers")
		if err != nil {
			t.Fatal(err)
		}
		column, conditions := model.GetTable().GetColumns()[0], model.GetConditions()
		if got := column.GetCategories(); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
			t.Errorf("the column has %q", got)
		}
		if got := conditions[1].GetCategories(); !slices.Equal(got, []string{"x", "y", "z"}) || conditions[1].GetKind() != 99 {
			t.Errorf("the condition has %q", got)
		}
		if got := conditions[0].GetCategories(); len(got) != 0 {
			t.Errorf("the condition of the column has %q", got)
		}
	})
}

func TestPagesThatBreakTheProtocol(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]*synthservev1.GetModelResponse)
		want   string
	}{
		"no part": {
			func(p []*synthservev1.GetModelResponse) { p[1].Part = nil },
			"expected more categories of models/numbers",
		},
		"no model": {
			func(p []*synthservev1.GetModelResponse) { p[0].Model = nil },
			"the index 0, of 0",
		},
		"a column that is not there": {
			func(p []*synthservev1.GetModelResponse) { p[1].Part.Columns[0].Index = 1 },
			"the index 1, of 1",
		},
		"a condition that is not there": {
			func(p []*synthservev1.GetModelResponse) { p[2].Part.Conditions[0].Index = -1 },
			"the index -1, of 2",
		},
		"too many categories": {
			func(p []*synthservev1.GetModelResponse) { p[0].Model.GetTable().Columns[0].CategoryCount = 4 },
			`column "city": expected 4 categories, got 5`,
		},
		"an early end": {
			func(p []*synthservev1.GetModelResponse) { p[1].NextPageToken = "" },
			`column "city": expected 5 categories, got 4`,
		},
		"an early end of a condition": {
			func(p []*synthservev1.GetModelResponse) { p[2].Part.Conditions = nil },
			`condition "style": expected 3 categories, got 1`,
		},
		"no categories of a condition without a table": {
			func(p []*synthservev1.GetModelResponse) {
				p[0].Model.Output, p[0].NextPageToken = nil, ""
			},
			`condition "city": expected 5 categories, got 0`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pages := manyCategories()
				c.change(pages)
				model, err := servePages(t, pages).Model(t.Context(), "numbers")
				if !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), c.want) || model != nil {
					t.Errorf("got %v, %v; want %q", model, err, c.want)
				}
			})
		})
	}
}
