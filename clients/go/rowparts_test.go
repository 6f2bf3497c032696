package synthserve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// cityParts is the schema of a column with four categories in three responses, of which the first has one category. The
// rest is what follows them.
func cityParts(request *rowsRequest, rest ...*rowsResponse) []*rowsResponse {
	city := &synthservev1.Column{
		Name: "city", Type: synthservev1.ColumnType_COLUMN_TYPE_CATEGORY, Categories: []string{"a"}, CategoryCount: 4,
	}
	number := &synthservev1.Column{Name: "number", Type: synthservev1.ColumnType_COLUMN_TYPE_INT64}
	info := &synthservev1.RowStreamInfo{
		Model:     version,
		Seed:      1234,
		Schema:    &synthservev1.TableSchema{Columns: []*synthservev1.Column{number, city}},
		Preamble:  []byte("<"),
		PartCount: 2,
	}
	first := request.GetOffset()
	return append([]*rowsResponse{
		{FirstIndex: first, Info: info},
		{FirstIndex: first, Part: cityPart("b")},
		{FirstIndex: first, Part: cityPart("c", "d")},
	}, rest...)
}

// cityPart has categories of the second column, and a byte of a preamble.
func cityPart(categories ...string) *synthservev1.SchemaPart {
	return &synthservev1.SchemaPart{
		Columns:  []*synthservev1.CategoryPart{{Index: 1, Categories: categories}},
		Preamble: []byte("-"),
	}
}

// cityRow is a response with one row, in both formats of this file.
func cityRow(request *rowsRequest, index int64) *rowsResponse {
	response := numberRows(index, 1, nil)
	if request.GetFormat() == synthservev1.RowFormat_ROW_FORMAT_ARROW {
		response.Rows = &synthservev1.GenerateRowsResponse_Data{Data: fmt.Append(nil, index)}
		return response
	}
	codes := &synthservev1.CategoryCodes{Codes: []int32{int32(index % 4)}}
	response.GetColumns().Columns = append(response.GetColumns().Columns, &synthservev1.ColumnValues{
		Values: &synthservev1.ColumnValues_Categories{Categories: codes},
	})
	return response
}

func sendAll(stream rowsServer, responses []*rowsResponse) error {
	for _, response := range responses {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

// breakingCities is a server whose calls break in turn before the last part, after a row, and not at all.
func breakingCities(calls *int) *fake {
	return &fake{rows: func(request *rowsRequest, stream rowsServer) error {
		*calls++
		all := cityParts(request)
		for i := range request.GetCount() {
			all = append(all, cityRow(request, request.GetOffset()+i))
		}
		if sent := map[int]int{1: 2, 2: 4}[*calls]; sent > 0 {
			if err := sendAll(stream, all[:sent]); err != nil {
				return err
			}
			return status.Error(codes.Unavailable, "going down")
		}
		return sendAll(stream, all)
	}}
}

func TestASchemaInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := connect(t, breakingCities(&calls))
		stream := client.Rows(t.Context(), "numbers", Count(4))
		var cities []string
		for row, err := range stream.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			if got := stream.Info().GetSchema().GetColumns()[1].GetCategories(); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
				t.Errorf("the schema has %q", got)
			}
			cities = append(cities, row.Value(1).(string))
		}
		if want := []string{"a", "b", "c", "d"}; !slices.Equal(cities, want) || calls != 3 {
			t.Errorf("got %q in %d calls", cities, calls)
		}
	})
}

func TestAPreambleInParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := connect(t, breakingCities(&calls))
		var file strings.Builder
		_, err := client.EncodedRows(t.Context(), "numbers", Arrow, Count(3)).WriteTo(&file)
		if err != nil || file.String() != "<--012" || calls != 3 {
			t.Errorf("wrote %q in %d calls, %v", file.String(), calls, err)
		}
	})
}

func TestASchemaInPartsWithoutRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			return sendAll(stream, cityParts(request))
		}})
		stream := client.Rows(t.Context(), "numbers", Count(0))
		for batch, err := range stream.Batches() {
			t.Errorf("got %v, %v", batch, err)
		}
		if got := len(stream.Info().GetSchema().GetColumns()[1].GetCategories()); got != 4 {
			t.Errorf("the schema has %d categories", got)
		}
	})
}

func TestPartsThatBreakTheProtocol(t *testing.T) {
	for name, c := range map[string]struct {
		change func(responses []*rowsResponse) []*rowsResponse // what is sent instead of three responses and a row
		want   string
	}{
		"an early end": {
			func(r []*rowsResponse) []*rowsResponse { return r[:2] },
			"the stream ended after 1 of 2 parts",
		},
		"rows too early": {
			func(r []*rowsResponse) []*rowsResponse { return slices.Delete(r, 2, 3) },
			"expected part 2 of 2 of the schema, got something else",
		},
		"a part with rows": {
			func(r []*rowsResponse) []*rowsResponse { r[1].RowCount = 1; return r },
			"expected part 1 of 2 of the schema, got something else",
		},
		"rows before the parts": {
			func(r []*rowsResponse) []*rowsResponse { r[0].RowCount = 1; return r },
			"got rows before the parts",
		},
		"more parts than announced": {
			func(r []*rowsResponse) []*rowsResponse { return slices.Insert(r, 2, r[1]) },
			`column "city": expected 4 categories, got 3`,
		},
		"a part that was not announced": {
			func(r []*rowsResponse) []*rowsResponse { return slices.Insert(r, 3, r[1]) },
			"not announced",
		},
		"a part before the info": {
			func(r []*rowsResponse) []*rowsResponse { return r[1:] },
			"not announced",
		},
		"a column that is not there": {
			func(r []*rowsResponse) []*rowsResponse { r[1].Part.Columns[0].Index = 2; return r },
			"the index 2, of 2",
		},
		"a column below the first": {
			func(r []*rowsResponse) []*rowsResponse { r[1].Part.Columns[0].Index = -1; return r },
			"the index -1, of 2",
		},
		"categories of numbers": {
			func(r []*rowsResponse) []*rowsResponse { r[1].Part.Columns[0].Index = 0; return r },
			`column "number": expected 0 categories, got 1`,
		},
		"too many categories": {
			func(r []*rowsResponse) []*rowsResponse { r[1].Part = cityPart("b", "c"); return r },
			`column "city": expected 4 categories, got 5`,
		},
		"too few categories": {
			func(r []*rowsResponse) []*rowsResponse { r[1].Part = cityPart(); return r },
			`column "city": expected 4 categories, got 3`,
		},
		"too few categories, without parts": {
			func(r []*rowsResponse) []*rowsResponse { r[0].Info.PartCount = 0; return slices.Delete(r, 1, 3) },
			`column "city": expected 4 categories, got 1`,
		},
		"a number of parts below 0": {
			func(r []*rowsResponse) []*rowsResponse { r[0].Info.PartCount = -1; return slices.Delete(r, 1, 3) },
			`column "city": expected 4 categories, got 1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
					calls++
					return sendAll(stream, c.change(cityParts(request, cityRow(request, 0))))
				}})
				stream := client.Rows(t.Context(), "numbers", Count(2))
				read := 0
				var failure error
				for _, err := range stream.Rows() {
					if err != nil {
						failure = err
						break
					}
					read++
				}
				if !errors.Is(failure, ErrProtocol) || !strings.Contains(failure.Error(), c.want) || calls != 1 {
					t.Errorf("%d calls, %v; want %q", calls, failure, c.want)
				}
				if read != 0 {
					t.Errorf("got %d rows", read)
				}
			})
		})
	}
}

func TestAResumedStreamHasTheSameCategories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
			all := cityParts(request, cityRow(request, request.GetOffset()))
			if request.GetOffset() > 0 {
				all[2].Part = cityPart("c", "x")
			}
			if err := sendAll(stream, all); err != nil {
				return err
			}
			return status.Error(codes.Unavailable, "going down")
		}})
		var failure error
		for _, err := range client.Rows(t.Context(), "numbers", Count(2)).Rows() {
			failure = err
		}
		if !errors.Is(failure, ErrProtocol) || !strings.Contains(failure.Error(), "another schema") {
			t.Errorf("got %v", failure)
		}
	})
}
