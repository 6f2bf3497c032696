package synthserve

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// mixed has a column of each type, and two rows.
func mixed() (*rowsResponse, *synthservev1.TableSchema) {
	schema := &synthservev1.TableSchema{Columns: []*synthservev1.Column{
		{Name: "double", Type: synthservev1.ColumnType_COLUMN_TYPE_DOUBLE, Nullable: true},
		{Name: "int64", Type: synthservev1.ColumnType_COLUMN_TYPE_INT64},
		{Name: "category", Type: synthservev1.ColumnType_COLUMN_TYPE_CATEGORY, Categories: []string{"a", "ß"}, Nullable: true},
		{Name: "bool", Type: synthservev1.ColumnType_COLUMN_TYPE_BOOL},
		{Name: "string", Type: synthservev1.ColumnType_COLUMN_TYPE_STRING, Nullable: true},
		{Name: "date", Type: synthservev1.ColumnType_COLUMN_TYPE_DATE, Nullable: true},
		{Name: "instant", Type: synthservev1.ColumnType_COLUMN_TYPE_TIMESTAMP, Utc: true, Nullable: true},
		{Name: "local", Type: synthservev1.ColumnType_COLUMN_TYPE_TIMESTAMP, Nullable: true},
	}}
	columns := []*synthservev1.ColumnValues{
		{
			Values:   &synthservev1.ColumnValues_Doubles{Doubles: &synthservev1.DoubleValues{Values: []float64{0.5, 99}}},
			Validity: []bool{true, false},
		},
		{Values: &synthservev1.ColumnValues_Int64S{Int64S: &synthservev1.Int64Values{Values: []int64{-1 << 63, 1<<63 - 1}}}},
		{
			// The placeholder of a missing value has no meaning.
			Values:   &synthservev1.ColumnValues_Categories{Categories: &synthservev1.CategoryCodes{Codes: []int32{-7, 1}}},
			Validity: []bool{false, true},
		},
		{Values: &synthservev1.ColumnValues_Bools{Bools: &synthservev1.BoolValues{Values: []bool{true, false}}}},
		{
			Values: &synthservev1.ColumnValues_Strings{
				Strings: &synthservev1.StringValues{Offsets: []int32{0, 5, 6}, Data: []byte("a 東\xff")},
			},
			Validity: []bool{true, false},
		},
		{
			Values:   &synthservev1.ColumnValues_Dates{Dates: &synthservev1.DateValues{Days: []int32{19782, -1 << 31}}},
			Validity: []bool{true, false},
		},
		{
			Values: &synthservev1.ColumnValues_Timestamps{
				Timestamps: &synthservev1.TimestampValues{Microseconds: []int64{-1 << 63, 1709209800_000001}},
			},
			Validity: []bool{false, true},
		},
		{
			Values: &synthservev1.ColumnValues_Timestamps{
				Timestamps: &synthservev1.TimestampValues{Microseconds: []int64{1<<63 - 1, -1}},
			},
			Validity: []bool{false, true},
		},
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
		{
			"double": 0.5, "int64": int64(-1 << 63), "category": nil, "bool": true,
			"string": "a 東", "date": NewDate(2024, time.February, 29), "instant": nil, "local": nil,
		},
		{
			"double": nil, "int64": int64(1<<63 - 1), "category": "ß", "bool": false,
			"string": nil, "date": nil,
			"instant": time.Date(2024, time.February, 29, 12, 30, 0, 1000, time.UTC),
			"local":   DateTimeOf(time.Date(1969, time.December, 31, 23, 59, 59, 999_999_000, time.UTC)),
		},
	}
	for i := range batch.RowCount {
		row := batch.Row(i)
		if got := maps.Collect(row.All()); !reflect.DeepEqual(got, want[i]) || row.Index != 10+int64(i) || row.Len() != len(want[i]) {
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
			"expected 8 columns, got 7",
		},
		"another number of rows": {
			func(r *rowsResponse, c []*synthservev1.ColumnValues) {
				r.RowCount, c[0].Validity = 3, nil
			},
			"expected 3 values of the type COLUMN_TYPE_DOUBLE, got 2",
		},
		"another number of marks": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[0].Validity = []bool{true} },
			"expected 2 validity marks, got 1",
		},
		"another type": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) {
				c[0].Values, c[1].Values = c[1].Values, c[0].Values
			},
			`column "double": expected 2 values of the type COLUMN_TYPE_DOUBLE, got 0`,
		},
		"no values": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[3].Values = nil },
			`column "bool": expected 2 values of the type COLUMN_TYPE_BOOL, got 0`,
		},
		"a code below the first": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[2].Validity = nil },
			"-7 is no code of 2 categories",
		},
		"a code above the last": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[2].GetCategories().Codes[1] = 2 },
			"2 is no code of 2 categories",
		},
		"a text that is not UTF-8": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].Validity = nil },
			`column "string": the text "\xff" is not UTF-8`,
		},
		"a letter that is cut": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets[1] = 4 },
			`the text "a \xe6\x9d" is not UTF-8`,
		},
		"no texts": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets = nil },
			"expected 3 offsets of texts, got 0",
		},
		"too many texts": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets = []int32{0, 1, 5, 6} },
			"expected 3 offsets of texts, got 4",
		},
		"texts that do not begin at 0": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets[0] = 1 },
			"do not rise from 0 to 6",
		},
		"a text before the first": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets[1] = -1 },
			"do not rise from 0 to 6",
		},
		"a text that is too long": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets[1] = 1<<31 - 1 },
			"do not rise from 0 to 6",
		},
		"texts that end early": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets[2] = 5 },
			"do not rise from 0 to 6",
		},
		"texts that end late": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[4].GetStrings().Offsets[2] = 7 },
			"do not rise from 0 to 6",
		},
		"another number of dates": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[5].GetDates().Days = []int32{1} },
			"expected 2 values of the type COLUMN_TYPE_DATE, got 1",
		},
		"a date before the year 1": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[5].GetDates().Days[0] = -719163 },
			`column "date": -719163 days since 1970-01-01 are not in the years 1 to 9999`,
		},
		"a date after the year 9999": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[5].GetDates().Days[0] = 2932897 },
			`column "date": 2932897 days since 1970-01-01 are not in the years 1 to 9999`,
		},
		"an instant before the year 1": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) {
				c[6].GetTimestamps().Microseconds[1] = -62135596800_000001
			},
			`column "instant": -62135596800000001 microseconds since 1970-01-01 are not`,
		},
		"a timestamp after the year 9999": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) {
				c[7].GetTimestamps().Microseconds[1] = 253402300800_000000
			},
			`column "local": 253402300800000000 microseconds since 1970-01-01 are not`,
		},
		"timestamps instead of dates": {
			func(_ *rowsResponse, c []*synthservev1.ColumnValues) { c[5].Values = c[6].Values },
			"expected 2 values of the type COLUMN_TYPE_DATE, got 0",
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

func TestTypesOfANewerServer(t *testing.T) {
	response, schema := mixed()
	schema.Columns[3].Type = 99
	_, err := newBatch(response, schema)
	if want := `column "bool": this client does not know the type 99`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestTheFirstAndTheLastDates(t *testing.T) {
	response, schema := mixed()
	columns := response.GetColumns().GetColumns()
	columns[5].GetDates().Days = []int32{-719162, 2932896}
	microseconds := []int64{-62135596800_000000, 253402300799_999999}
	columns[6].GetTimestamps().Microseconds, columns[7].GetTimestamps().Microseconds = microseconds, microseconds
	columns[5].Validity, columns[6].Validity, columns[7].Validity = nil, nil, nil
	batch, err := newBatch(response, schema)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"0001-01-01 0001-01-01T00:00:00Z 0001-01-01T00:00:00",
		"9999-12-31 9999-12-31T23:59:59.999999Z 9999-12-31T23:59:59.999999",
	} {
		row := batch.Row(i)
		instant := row.Value(6).(time.Time).Format(time.RFC3339Nano)
		if got := fmt.Sprintf("%v %s %v", row.Value(5), instant, row.Value(7)); got != want {
			t.Errorf("row %d: got %s, want %s", i, got, want)
		}
	}
}

// Whatever bytes come, there is an error or a value in every row.
func TestDamagedBatches(t *testing.T) {
	response, schema := mixed()
	intact, err := proto.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused, read := 0, 0
	for range 20_000 {
		damaged := bytes.Clone(intact)
		for range 1 + random.IntN(3) {
			damaged[random.IntN(len(damaged))] = byte(random.IntN(256))
		}
		var response rowsResponse
		if proto.Unmarshal(damaged, &response) != nil || response.GetRowCount() < 1 {
			continue // That is for gRPC, and for what checks the order of responses.
		}
		batch, err := newBatch(&response, schema)
		if err != nil {
			if !errors.Is(err, ErrProtocol) {
				t.Fatalf("%x: %v", damaged, err)
			}
			refused++
			continue
		}
		for i := range batch.RowCount {
			for _, value := range batch.Row(i).All() {
				if text := fmt.Sprint(value); !utf8.ValidString(text) {
					t.Fatalf("%x: row %d has %q", damaged, i, text)
				}
			}
		}
		read++
	}
	if refused < 1000 || read < 1000 {
		t.Errorf("refused %d, read %d: too few of one kind to tell anything", refused, read)
	}
}
