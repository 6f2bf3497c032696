package synthserve

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDates(t *testing.T) {
	for date, want := range map[Date]string{
		0:                                    "1970-01-01",
		-1:                                   "1969-12-31",
		NewDate(2024, time.February, 29) + 1: "2024-03-01",
		NewDate(2023, time.February, 29):     "2023-03-01",
		NewDate(1, time.January, 1):          "0001-01-01",
		NewDate(9999, time.December, 31):     "9999-12-31",
		NewDate(1900, time.March, 1) - 1:     "1900-02-28", // no leap year
		firstDate:                            "0001-01-01",
		lastDate:                             "9999-12-31",
	} {
		if date.String() != want {
			t.Errorf("%d is %s, not %s", date, date, want)
		}
	}
}

// zone is five and a half hours ahead of UTC.
var zone = time.FixedZone("", 5*60*60+30*60)

func TestDatesInATimeZone(t *testing.T) {
	midnight := NewDate(2024, time.February, 29).In(zone)
	if want := time.Date(2024, time.February, 29, 0, 0, 0, 0, zone); midnight != want {
		t.Errorf("got %v, want %v", midnight, want)
	}
	if back := NewDate(midnight.Date()); back != NewDate(2024, time.February, 29) {
		t.Errorf("got %v", back)
	}
}

func TestDateTimes(t *testing.T) {
	for shown, want := range map[time.Time]string{
		time.Unix(0, 0).UTC():    "1970-01-01T00:00:00",
		time.Unix(0, 0).In(zone): "1970-01-01T05:30:00",
		time.UnixMicro(-1).UTC(): "1969-12-31T23:59:59.999999",
		time.Date(2024, time.February, 29, 12, 30, 0, 250e6, zone):   "2024-02-29T12:30:00.250000",
		time.Date(2024, time.February, 29, 12, 30, 0, 999, time.UTC): "2024-02-29T12:30:00",
	} {
		date := DateTimeOf(shown)
		if date.String() != want {
			t.Errorf("%v is %s, not %s", shown, date, want)
		}
		if back := date.In(shown.Location()); !back.Equal(shown.Truncate(time.Microsecond)) {
			t.Errorf("%s in the time zone of %v is %v", date, shown, back)
		}
	}
}

func TestDatesInJSON(t *testing.T) {
	written, err := json.Marshal(map[string]any{
		"date":     NewDate(2024, time.February, 29),
		"datetime": DateTimeOf(time.Date(2024, time.February, 29, 12, 30, 0, 0, zone)),
	})
	if want := `{"date":"2024-02-29","datetime":"2024-02-29T12:30:00"}`; err != nil || string(written) != want {
		t.Errorf("wrote %s (%v)", written, err)
	}
}
