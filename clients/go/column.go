package synthserve

import (
	"time"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// Column holds the values of one column, one per row of a batch, in the slice of its type. The other slices are nil.
type Column struct {
	// Spec is the column's name, type, unit and so on.
	Spec *synthservev1.Column
	// Doubles are the values of a DOUBLE column.
	Doubles []float64
	// Int64s are the values of an INT64 column.
	Int64s []int64
	// Codes are the values of a CATEGORY column: indices into Spec.Categories.
	Codes []int32
	// Bools are the values of a BOOL column.
	Bools []bool
	// Strings are the values of a STRING column. They share their memory: use strings.Clone for a few to keep.
	Strings []string
	// Dates are the values of a DATE column.
	Dates []Date
	// Instants are the values of a TIMESTAMP column where Spec.Utc is true, in UTC.
	Instants []time.Time
	// DateTimes are the values of a TIMESTAMP column where Spec.Utc is false: dates with a time of day and no time zone.
	DateTimes []DateTime
	// Validity is false where the value is missing; the slice of values has a placeholder there. Nil if no value is
	// missing.
	Validity []bool
}

// Valid reports whether row i of the batch has a value.
func (c *Column) Valid(i int) bool { return c.Validity == nil || c.Validity[i] }

// Value returns the value in row i of the batch: a float64, int64, string (the category, or the text), bool, [Date],
// [time.Time] (an instant, in UTC) or [DateTime] (a timestamp without a time zone); nil where it is missing.
func (c *Column) Value(i int) any {
	switch {
	case !c.Valid(i):
		return nil
	case c.Doubles != nil:
		return c.Doubles[i]
	case c.Int64s != nil:
		return c.Int64s[i]
	case c.Codes != nil:
		return c.Spec.GetCategories()[c.Codes[i]]
	case c.Strings != nil:
		return c.Strings[i]
	case c.Dates != nil:
		return c.Dates[i]
	case c.Instants != nil:
		return c.Instants[i]
	case c.DateTimes != nil:
		return c.DateTimes[i]
	default:
		return c.Bools[i]
	}
}
