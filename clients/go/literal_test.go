package synthserve

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

type species string

func TestLiterals(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"東", "東"},
		{"", ""},
		{species("setosa"), "setosa"},
		{true, "true"},
		{false, "false"},
		{40, "40"},
		{int8(-128), "-128"},
		{int64(math.MinInt64), "-9223372036854775808"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{0.1, "0.1"},
		{0.30000000000000004, "0.30000000000000004"},
		{40.0, "40"},
		{1e6, "1000000"},
		{0.0, "0"},
		{float32(0.1), "0.1"},
		{1e20, "100000000000000000000"},
		{1e21, "1e+21"},
		{-1.5e-7, "-1.5e-07"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
		{math.SmallestNonzeroFloat64, "5e-324"},
		{NewDate(2024, time.February, 29), "2024-02-29"},
		{firstDate, "0001-01-01"},
		{lastDate, "9999-12-31"},
		{DateTimeOf(time.Date(2024, time.February, 29, 12, 30, 0, 0, zone)), "2024-02-29T12:30:00"},
		{DateTime(firstMicrosecond), "0001-01-01T00:00:00"},
		{DateTime(lastMicrosecond), "9999-12-31T23:59:59.999999"},
		{time.Date(2024, time.February, 29, 12, 30, 0, 0, zone), "2024-02-29T07:00:00Z"},
		{time.Date(2024, time.February, 29, 12, 30, 0, 1000, time.UTC), "2024-02-29T12:30:00.000001Z"},
		{time.Time{}, "0001-01-01T00:00:00Z"},
		{time.UnixMicro(lastMicrosecond), "9999-12-31T23:59:59.999999Z"},
	} {
		if got, err := literal(c.value); err != nil || got != c.want {
			t.Errorf("%T %v: got %q, %v; want %q", c.value, c.value, got, err, c.want)
		}
		if number, isNumber := c.value.(float64); isNumber {
			if back, err := strconv.ParseFloat(c.want, 64); err != nil || back != number {
				t.Errorf("%s reads back as %v (%v), not %v", c.want, back, err, number)
			}
		}
	}
}

func TestValuesThatAreNoLiterals(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"\xff", "must be UTF-8"},
		{math.NaN(), "must be a finite number"},
		{math.Inf(1), "must be a finite number"},
		{float32(math.Inf(-1)), "must be a finite number"},
		{time.Unix(0, 1), "whole microseconds"},
		{time.UnixMicro(firstMicrosecond - 1), "years 1 to 9999"},
		{time.UnixMicro(lastMicrosecond + 1), "years 1 to 9999"},
		// The year 10000 in UTC, though not where it is.
		{time.Date(9999, time.December, 31, 23, 0, 0, 0, time.FixedZone("", -2*60*60)), "years 1 to 9999"},
		{firstDate - 1, "years 1 to 9999"},
		{lastDate + 1, "years 1 to 9999"},
		{DateTime(firstMicrosecond - 1), "years 1 to 9999"},
		{DateTime(lastMicrosecond + 1), "years 1 to 9999"},
		{DateTime(math.MinInt64), "years 1 to 9999"},
		{[]string{"a"}, "not []string"},
		{new("a"), "not *string"},
		{(*time.Time)(nil), "not *time.Time"},
		{1i, "not complex128"},
	} {
		if got, err := literal(c.value); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T %v: got %q, %v; want an error with %q", c.value, c.value, got, err, c.want)
		}
	}
}
