package synthserve

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

func TestConditions(t *testing.T) {
	equals := func(text string) *synthservev1.Condition {
		return &synthservev1.Condition{Column: "a", Test: &synthservev1.Condition_Equals{Equals: text}}
	}
	missing := func(missing bool) *synthservev1.Condition {
		return &synthservev1.Condition{Column: "a", Test: &synthservev1.Condition_Missing{Missing: missing}}
	}
	anyOf := func(missing bool, values ...string) *synthservev1.Condition {
		set := &synthservev1.ValueSet{Values: values, Missing: missing}
		return &synthservev1.Condition{Column: "a", Test: &synthservev1.Condition_AnyOf{AnyOf: set}}
	}
	between := func(low, high *string) *synthservev1.Condition {
		values := &synthservev1.ValueRange{Low: low, High: high}
		return &synthservev1.Condition{Column: "a", Test: &synthservev1.Condition_Between{Between: values}}
	}
	for name, c := range map[string]struct {
		option StreamOption
		want   *synthservev1.Condition
	}{
		"text":             {Where("a", "b"), equals("b")},
		"no text":          {Where("a", ""), equals("")},
		"a number":         {Where("a", 1.5), equals("1.5")},
		"nil":              {Where("a", nil), missing(true)},
		"any of them":      {WhereAnyOf("a", "b", 2, true), anyOf(false, "b", "2", "true")},
		"any, or missing":  {WhereAnyOf("a", nil, "b"), anyOf(true, "b")},
		"none, or missing": {WhereAnyOf("a", nil), anyOf(true)},
		"a range":          {WhereBetween("a", 30, 40), between(new("30"), new("40"))},
		"without an end":   {WhereBetween("a", NewDate(2024, time.May, 1), nil), between(new("2024-05-01"), nil)},
		"without a start":  {WhereBetween("a", nil, ""), between(nil, new(""))},
		"missing":          {WhereMissing("a"), missing(true)},
		"not missing":      {WherePresent("a"), missing(false)},
		"a value of a row": {Where("a", Row{columns: []Column{{Dates: []Date{0}}}}.Value(0)), equals("1970-01-01")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked []*rowsRequest
				client := connect(t, &fake{rows: func(request *rowsRequest, stream rowsServer) error {
					asked = append(asked, request)
					return sendNumbers(request, stream, 1, 1)
				}})
				for range 2 { // An option can be used again.
					_, err := readNumbers(client.Rows(t.Context(), "numbers", Count(1), c.option, Where("z", "z")))
					if err != nil {
						t.Fatal(err)
					}
				}
				for _, request := range asked {
					if got := request.GetConditions(); len(got) != 2 || !proto.Equal(got[0], c.want) || got[1].GetEquals() != "z" {
						t.Errorf("asked for %v, want %v", got, c.want)
					}
				}
			})
		})
	}
}

func TestConditionsThatAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := connect(t, &fake{}) // Nothing is sent.
		for name, c := range map[string]struct {
			options []RowsOption
			field   string
			want    string
		}{
			"an infinite value": {
				[]RowsOption{Where("a", math.Inf(1)), Where("b", math.NaN())}, "conditions[a]", "must be a finite number, not +Inf",
			},
			"a list": {
				[]RowsOption{Where("a", []int{1})}, "conditions[a]",
				"must be text, a number, a bool, a Date, a DateTime or a time.Time, not []int",
			},
			"one of many": {[]RowsOption{WhereAnyOf("a", 1, math.NaN(), 2)}, "conditions[a]", "must be a finite number, not NaN"},
			"a start":     {[]RowsOption{WhereBetween("a", math.Inf(-1), 1)}, "conditions[a]", "must be a finite number, not -Inf"},
			"an end": {
				[]RowsOption{WhereBetween("a", 1, time.Unix(0, 1))}, "conditions[a]",
				"must be in whole microseconds; use Truncate(time.Microsecond)",
			},
			"a column twice": {
				[]RowsOption{Where("a", 1), Where("b", 1), WherePresent("a")}, "conditions[a]",
				"there can be one condition for each column",
			},
			"a column that is not UTF-8": {[]RowsOption{WhereMissing("\xff")}, "conditions[\ufffd]", "the name must be UTF-8"},
		} {
			_, err := readNumbers(client.Rows(t.Context(), "numbers", c.options...))
			failure, ok := errors.AsType[*Error](err)
			if !ok || failure.Code != codes.InvalidArgument || len(failure.FieldViolations) != 1 ||
				failure.FieldViolations[0] != (FieldViolation{c.field, c.want}) {
				t.Errorf("%s: got %#v", name, err)
			}
		}
	})
}
