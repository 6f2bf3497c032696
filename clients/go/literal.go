package synthserve

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

var errYear = errors.New("must be in the years 1 to 9999")

// literal formats the value of a condition as in a CSV file of the default format.
func literal(value any) (string, error) {
	switch value := value.(type) {
	case Date:
		if !value.inRange() {
			return "", errYear
		}
		return value.String(), nil
	case DateTime:
		if !microsecondInRange(int64(value)) {
			return "", errYear
		}
		return value.String(), nil
	case time.Time:
		return instantLiteral(value)
	}
	// By kind, so that types such as `type Species string` can be used too.
	switch value := reflect.ValueOf(value); value.Kind() {
	case reflect.String:
		if !utf8.ValidString(value.String()) {
			return "", fmt.Errorf("%q must be UTF-8", value.String())
		}
		return value.String(), nil
	case reflect.Bool:
		return strconv.FormatBool(value.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(value.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(value.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return floatLiteral(value.Float(), value.Type().Bits())
	}
	return "", fmt.Errorf("must be text, a number, a bool, a Date, a DateTime or a time.Time, not %T", value)
}

// instantLiteral writes an instant in UTC.
func instantLiteral(t time.Time) (string, error) {
	if t.Nanosecond()%int(time.Microsecond) != 0 {
		return "", errors.New("must be in whole microseconds; use Truncate(time.Microsecond)")
	}
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return "", errYear
	}
	return iso8601(t) + "Z", nil
}

// floatLiteral returns the shortest text that parses to the same number of the given size in bits, with an exponent
// only for very large or very small numbers.
func floatLiteral(number float64, bits int) (string, error) {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return "", fmt.Errorf("must be a finite number, not %v", number)
	}
	format := byte('f')
	if size := math.Abs(number); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	return strconv.FormatFloat(number, format, -1, bits), nil
}
