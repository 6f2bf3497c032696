package synthserve

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// mixed has a column of each type, and two rows.
func mixed() (*rowsResponse, *synthservev1.TableSchema) {
	schema := &synthservev1.TableSchema{Columns: []*synthservev1.Column{
		{Name: "double", Type: synthservev1.ColumnType_COLUMN_TYPE_DOUBLE, Nullable: true},
		{Name: "int64", Type: synthservev1.ColumnType_COLUMN_TYPE_INT64},
		{Name: "category", Type: synthservev1.ColumnType_COLUMN_TYPE_CATEGORY, Categories: []string{"a", "ß"}, Nullable: true},
		{Name: "bool", Type: synthservev1.ColumnType_COLUMN_TYPE_BOOL},
	}}
	columns := []*synthservev1.ColumnValues{
		{
			Values:   &synthservev1.ColumnValues_Doubles{Doubles: &synthservev1.DoubleValues{Values: []float64{0.5, 99}}},
			Validity: []bool{true, false},
		},
		{Values: &synthservev1.ColumnValues_Int64S{Int64S: &synthservev1.Int64Values{Values: []int64{-1 << 63, 1<<63 - 1}}}},
		{
			// What stands where a value is missing means nothing.
			Values:   &synthservev1.ColumnValues_Categories{Categories: &synthservev1.CategoryCodes{Codes: []int32{-7, 1}}},
			Validity: []bool{false, true},
		},
		{Values: &synthservev1.ColumnValues_Bools{Bools: &synthservev1.BoolValues{Values: []bool{true, false}}}},
	}
	return &rowsResponse{
		FirstIndex: 10,
		RowCount:   2,
		Rows:       &synthservev1.GenerateRowsResponse_Columns{Columns: &synthservev1.ColumnBatch{Columns: columns}},
	}, schema
}

func TestValues(t *testing.T) {
	batch, err := newBatch(mixed())
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"double": 0.5, "int64": int64(-1 << 63), "category": nil, "bool": true},
		{"double": nil, "int64": int64(1<<63 - 1), "category": "ß", "bool": false},
	}
	for i := range batch.RowCount {
		row := batch.Row(i)
		if got := maps.Collect(row.All()); !reflect.DeepEqual(got, want[i]) || row.Index != 10+int64(i) || row.Len() != 4 {
			t.Errorf("row %d (index %d): got %v, want %v", i, row.Index, got, want[i])
		}
	}
	var names []string
	for name := range batch.Row(0).All() {
		if names = append(names, name); len(names) == 3 {
			break
		}
	}
	if want := []string{"double", "int64", "category"}; !slices.Equal(names, want) {
		t.Errorf("the columns come as %v", names)
	}
}

func TestColumnsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rowsResponse, []*synthservev1.ColumnValues)
		want   string
	}{
		"another number of columns": {
			func(r *rowsResponse, _ []*synthservev1.ColumnValues) {
				r.GetColumns().Columns = r.GetColumns().Columns[1:]
			},
			"expected 4 columns, got 3",
		},
		"another number of rows": {
			func(r *rowsResponse, _ []*synthservev1.ColumnValues) { r.RowCount = 3 },
			"2 values for 3 rows",
		},
		"another number of marks": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[0].Validity = []bool{true} },
			"1 validity marks for 2 rows",
		},
		"another type": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) {
				c[0].Values, c[1].Values = c[1].Values, c[0].Values
			},
			`column "double": expected COLUMN_TYPE_DOUBLE`,
		},
		"no values": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[3].Values = nil },
			`column "bool": expected COLUMN_TYPE_BOOL`,
		},
		"a code below the first": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[2].Validity = nil },
			"-7 is no code of 2 categories",
		},
		"a code above the last": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[2].GetCategories().Codes[1] = 2 },
			"2 is no code of 2 categories",
		},
	} {
		t.Run(name, func(t *testing.T) {
			response, schema := mixed()
			c.change(response, response.GetColumns().GetColumns())
			if _, err := newBatch(response, schema); !errors.Is(err, ErrProtocol) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
