package synthserve

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Where sets a condition of the model: the column has this value. A request can have conditions on several columns, one
// per column; every sample meets all of them.
//
// A value of a condition is text, a number, a bool, a [Date], a [DateTime] (a timestamp without a time zone) or a
// [time.Time] (an instant). Text is parsed as in a CSV file. nil is a missing value, as in rows.
func Where(column string, value any) StreamOption {
	if value == nil {
		return WhereMissing(column)
	}
	text, err := literal(value)
	return where(&synthservev1.Condition{Column: column, Test: &synthservev1.Condition_Equals{Equals: text}}, err)
}

// WhereAnyOf sets a condition: the column has one of these values. [Where] lists the types. If nil is among the values,
// the column's value can also be missing.
func WhereAnyOf(column string, values ...any) StreamOption {
	var set synthservev1.ValueSet
	var failure error
	for _, value := range values {
		if value == nil {
			set.Missing = true
			continue
		}
		text, err := literal(value)
		failure = cmp.Or(failure, err)
		set.Values = append(set.Values, text)
	}
	return where(&synthservev1.Condition{Column: column, Test: &synthservev1.Condition_AnyOf{AnyOf: &set}}, failure)
}

// WhereBetween sets a condition: the column has a value from low to high, both included. [Where] lists the types. An
// end that is nil is open. A [Date] as an end of a range of timestamps includes the whole day.
func WhereBetween(column string, low, high any) StreamOption {
	lowest, errLow := bound(low)
	highest, errHigh := bound(high)
	between := &synthservev1.ValueRange{Low: lowest, High: highest}
	return where(
		&synthservev1.Condition{Column: column, Test: &synthservev1.Condition_Between{Between: between}},
		cmp.Or(errLow, errHigh),
	)
}

// WhereMissing sets a condition: the column's value is missing.
func WhereMissing(column string) StreamOption {
	return where(&synthservev1.Condition{Column: column, Test: &synthservev1.Condition_Missing{Missing: true}}, nil)
}

// WherePresent sets a condition: the column's value is not missing.
func WherePresent(column string) StreamOption {
	return where(&synthservev1.Condition{Column: column, Test: &synthservev1.Condition_Missing{Missing: false}}, nil)
}

// bound writes an end of a range; nil if the end is open.
func bound(value any) (*string, error) {
	if value == nil {
		return nil, nil
	}
	text, err := literal(value)
	return &text, err
}

// where adds a condition to a request. failure is the error of a value that cannot be sent; reading the stream returns
// it.
func where(condition *synthservev1.Condition, failure error) StreamOption {
	column := condition.GetColumn()
	return func(r *request) {
		description := ""
		switch {
		case failure != nil:
			description = failure.Error()
		case !utf8.ValidString(column):
			description = "the name must be UTF-8"
		case slices.ContainsFunc(r.conditions, func(c *synthservev1.Condition) bool { return c.GetColumn() == column }):
			description = "there can be one condition for each column"
		default:
			r.conditions = append(r.conditions, condition)
			return
		}
		if r.refused == nil {
			r.refused = invalid("conditions["+strings.ToValidUTF8(column, "\ufffd")+"]", "%s", description)
		}
	}
}
