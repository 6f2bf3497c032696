package synthserve

import "time"

// Date is a day of the proleptic Gregorian calendar, in days since 1970-01-01. It has no time zone. Dates compare and
// count like numbers: d+1 is the next day.
type Date int32

// NewDate returns the date of a year, month and day. Months and days outside their ranges are carried over, as in
// [time.Date]. NewDate(t.Date()) is the date that t shows in its own time zone.
func NewDate(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

// In returns midnight of the date in a time zone, as [time.Date] does.
func (d Date) In(zone *time.Location) time.Time {
	year, month, day := time.Unix(int64(d)*secondsPerDay, 0).UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, zone)
}

// String returns the date in ISO 8601, for example 2024-02-29.
func (d Date) String() string { return d.In(time.UTC).Format(time.DateOnly) }

// MarshalText returns what String does, so that JSON has it as text.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// DateTime is a date with a time of day, in microseconds since 1970-01-01T00:00:00. It has no time zone, so it is not
// an instant: it is the reading of a wall clock. DateTimes compare like numbers.
type DateTime int64

// DateTimeOf returns the date and time of day of t in its own time zone, truncated to microseconds.
func DateTimeOf(t time.Time) DateTime {
	_, offset := t.Zone()
	return DateTime(t.UnixMicro() + int64(offset)*microsecondsPerSecond)
}

// In returns the instant at which a clock in the time zone shows this date and time. When clocks change, there can be
// zero or two such instants; [time.Date] documents the result.
func (d DateTime) In(zone *time.Location) time.Time {
	t := time.UnixMicro(int64(d)).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), zone)
}

// String returns the date and time in ISO 8601, for example 2024-02-29T12:30:00, or 2024-02-29T12:30:00.250000 where
// there is a fraction.
func (d DateTime) String() string { return iso8601(d.In(time.UTC)) }

// MarshalText returns what String does, so that JSON has it as text.
func (d DateTime) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

const (
	secondsPerDay         = 24 * 60 * 60
	microsecondsPerSecond = 1_000_000
	microsecondsPerDay    = secondsPerDay * microsecondsPerSecond
)

// The range of dates and timestamps in models: the years 1 to 9999.
const (
	firstDate        Date = -719_162
	lastDate         Date = 2_932_896
	firstMicrosecond      = int64(firstDate) * microsecondsPerDay
	lastMicrosecond       = (int64(lastDate)+1)*microsecondsPerDay - 1
)

func (d Date) inRange() bool { return firstDate <= d && d <= lastDate }

func microsecondInRange(microsecond int64) bool {
	return firstMicrosecond <= microsecond && microsecond <= lastMicrosecond
}

// iso8601 writes the date and time that t shows, with six digits of the fraction where there is one.
func iso8601(t time.Time) string {
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05")
	}
	return t.Format("2006-01-02T15:04:05.000000")
}
