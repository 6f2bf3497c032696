package synthserve

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	synthservev1 "synthserve.dev/go/synthserve/v1"
)

// newColumn reads the values of a column. It fails if they do not match its specification or the number of rows.
func newColumn(sent *synthservev1.ColumnValues, spec *synthservev1.Column, rows int) (Column, error) {
	column := Column{Spec: spec}
	if marks := sent.GetValidity(); len(marks) > 0 {
		if len(marks) != rows {
			return column, fmt.Errorf("expected %d validity marks, got %d", rows, len(marks))
		}
		column.Validity = marks
	}
	// If the server sent values of another type, the getters return nil.
	var err error
	switch spec.GetType() {
	case synthservev1.ColumnType_COLUMN_TYPE_DOUBLE:
		column.Doubles, err = exactly(rows, sent.GetDoubles().GetValues(), spec)
	case synthservev1.ColumnType_COLUMN_TYPE_INT64:
		column.Int64s, err = exactly(rows, sent.GetInt64S().GetValues(), spec)
	case synthservev1.ColumnType_COLUMN_TYPE_BOOL:
		column.Bools, err = exactly(rows, sent.GetBools().GetValues(), spec)
	case synthservev1.ColumnType_COLUMN_TYPE_CATEGORY:
		column.Codes, err = convert(rows, sent.GetCategories().GetCodes(), &column, column.readCode)
	case synthservev1.ColumnType_COLUMN_TYPE_STRING:
		column.Strings, err = column.readStrings(rows, sent.GetStrings())
	case synthservev1.ColumnType_COLUMN_TYPE_DATE:
		column.Dates, err = convert(rows, sent.GetDates().GetDays(), &column, readDate)
	case synthservev1.ColumnType_COLUMN_TYPE_TIMESTAMP:
		microseconds := sent.GetTimestamps().GetMicroseconds()
		if spec.GetUtc() {
			column.Instants, err = convert(rows, microseconds, &column, readInstant)
		} else {
			column.DateTimes, err = convert(rows, microseconds, &column, readDateTime)
		}
	default:
		err = fmt.Errorf("this client does not know the type %s", spec.GetType())
	}
	return column, err
}

// exactly returns values, and fails unless there is one per row.
func exactly[Value any](rows int, values []Value, spec *synthservev1.Column) ([]Value, error) {
	if len(values) != rows {
		return nil, fmt.Errorf("expected %d values of the type %s, got %d", rows, spec.GetType(), len(values))
	}
	return values, nil
}

// convert reads the values that are not missing, one by one.
func convert[Sent, Value any](
	rows int, sent []Sent, column *Column, read func(Sent) (Value, error),
) ([]Value, error) {
	if _, err := exactly(rows, sent, column.Spec); err != nil {
		return nil, err
	}
	values := make([]Value, rows)
	for i, value := range sent {
		if !column.Valid(i) {
			continue
		}
		var err error
		if values[i], err = read(value); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (c *Column) readCode(code int32) (int32, error) {
	if categories := c.Spec.GetCategories(); code < 0 || int(code) >= len(categories) {
		return 0, fmt.Errorf("%d is no code of %d categories", code, len(categories))
	}
	return code, nil
}

func readDate(days int32) (Date, error) {
	date := Date(days)
	if !date.inRange() {
		return 0, fmt.Errorf("%d days since 1970-01-01 are not in the years 1 to 9999", days)
	}
	return date, nil
}

func readDateTime(microseconds int64) (DateTime, error) {
	if !microsecondInRange(microseconds) {
		return 0, fmt.Errorf("%d microseconds since 1970-01-01 are not in the years 1 to 9999", microseconds)
	}
	return DateTime(microseconds), nil
}

func readInstant(microseconds int64) (time.Time, error) {
	_, err := readDateTime(microseconds)
	return time.UnixMicro(microseconds).UTC(), err
}

// readStrings splits the bytes of all texts into one text per row.
func (c *Column) readStrings(rows int, sent *synthservev1.StringValues) ([]string, error) {
	offsets, data := sent.GetOffsets(), string(sent.GetData())
	if len(offsets) != rows+1 {
		return nil, fmt.Errorf("expected %d offsets of texts, got %d", rows+1, len(offsets))
	}
	if offsets[0] != 0 || !slices.IsSorted(offsets) || int(offsets[rows]) != len(data) {
		return nil, fmt.Errorf("the offsets of the texts do not rise from 0 to %d", len(data))
	}
	texts := make([]string, rows)
	for i := range texts {
		texts[i] = data[offsets[i]:offsets[i+1]]
		if c.Valid(i) && !utf8.ValidString(texts[i]) {
			return nil, fmt.Errorf("the text %.80q is not UTF-8", texts[i])
		}
	}
	return texts, nil
}
