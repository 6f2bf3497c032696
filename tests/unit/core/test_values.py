"""Numbers, dates and timestamps from text."""

import datetime
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve_core.contract.model import Column, ColumnType, CsvFormat
from synthserve_core.contract.values import (
    DAY,
    FIRST_DAY,
    FIRST_MICROSECOND,
    LAST_DAY,
    LAST_MICROSECOND,
    UnreadableValueError,
    span,
)

EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


def _column(kind: ColumnType, pattern: str = "", *, utc: bool = False) -> Column:
    return Column("c", kind, utc=utc, csv=CsvFormat(pattern=pattern))


DOUBLE = _column(ColumnType.DOUBLE)
COMMA = Column("c", ColumnType.DOUBLE, csv=CsvFormat(decimal_separator=","))
INT64 = _column(ColumnType.INT64)
DATE = _column(ColumnType.DATE)
UTC = _column(ColumnType.TIMESTAMP, utc=True)
LOCAL = _column(ColumnType.TIMESTAMP)


def test_the_first_and_the_last_day() -> None:
    assert span("0001-01-01", DATE) == (FIRST_DAY, FIRST_DAY)
    assert span("9999-12-31", DATE) == (LAST_DAY, LAST_DAY)
    assert span("0001-01-01", LOCAL) == (FIRST_MICROSECOND, FIRST_MICROSECOND + DAY - 1)
    assert span("9999-12-31", LOCAL) == (LAST_MICROSECOND - DAY + 1, LAST_MICROSECOND)
    assert span("9999-12-31T23:59:59.999999", LOCAL) == (LAST_MICROSECOND, LAST_MICROSECOND)


@given(st.dates())
def test_every_day_in_each_form(day: datetime.date) -> None:
    days = (day - EPOCH.date()).days
    assert span(day.isoformat(), DATE) == (days, days)
    assert span(day.isoformat(), LOCAL) == (days * DAY, days * DAY + DAY - 1)
    written = f"{day.day:02}.{day.month:02}.{day.year:04}"
    assert span(written, _column(ColumnType.DATE, "%d.%m.%Y")) == (days, days)
    assert span(day.isoformat(), _column(ColumnType.DATE, "%d.%m.%Y")) == (days, days)


@given(
    moment=st.datetimes(),
    separator=st.sampled_from("T "),
    # Those that Python itself reads.
    hours=st.integers(-23, 23),
    minutes=st.integers(0, 59),
)
def test_every_moment_with_and_without_a_zone(
    moment: datetime.datetime, separator: str, hours: int, minutes: int
) -> None:
    text = moment.isoformat(separator)
    micros = (moment - EPOCH) // MICROSECOND
    assert span(text, LOCAL) == span(text, UTC) == span(f"{text}Z", UTC) == (micros, micros)
    sign = "-" if hours < 0 else "+"
    zoned = f"{text}{sign}{abs(hours):02}:{minutes:02}"
    shift = (1 if hours >= 0 else -1) * (abs(hours) * 60 + minutes) * 60_000_000
    if FIRST_MICROSECOND <= micros - shift <= LAST_MICROSECOND:
        assert span(zoned, UTC) == (micros - shift, micros - shift)
    else:
        with pytest.raises(UnreadableValueError, match="must be in the years 1 to 9999"):
            span(zoned, UTC)
    with pytest.raises(UnreadableValueError, match="must have no time zone"):
        span(zoned, LOCAL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-02-29T12:30", datetime.datetime(2024, 2, 29, 12, 30)),
        ("2024-02-29 12:30:01", datetime.datetime(2024, 2, 29, 12, 30, 1)),
        ("2024-02-29T12:30:01.5", datetime.datetime(2024, 2, 29, 12, 30, 1, 500_000)),
    ],
)
def test_shorter_timestamps(text: str, expected: datetime.datetime) -> None:
    micros = (expected - EPOCH) // MICROSECOND
    assert span(text, LOCAL) == (micros, micros)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("%m/%d/%y", "02/29/24", datetime.datetime(2024, 2, 29)),
        ("%d %b %Y", "29 Feb 2024", datetime.datetime(2024, 2, 29)),
        ("%B %d, %Y", "February 29, 2024", datetime.datetime(2024, 2, 29)),
        ("%Y%j", "2024060", datetime.datetime(2024, 2, 29)),
        ("%d.%m.%Y %I:%M %p", "29.02.2024 01:05 PM", datetime.datetime(2024, 2, 29, 13, 5)),
        ("%Y-%m-%d %H:%M:%S.%f", "2024-02-29 01:05:06.000007", datetime.datetime(2024, 2, 29, 1, 5, 6, 7)),
        ("100%% %Y", "100% 2024", datetime.datetime(2024, 1, 1)),
        ("(%Y) [%m] %d.*", "(2024) [02] 29.*", datetime.datetime(2024, 2, 29)),
    ],
)
def test_the_patterns_of_columns(pattern: str, text: str, expected: datetime.datetime) -> None:
    micros = (expected - EPOCH) // MICROSECOND
    # A text denotes everything that is written like it: a minute, a day.
    unit = 1 if "%f" in pattern else 60_000_000 if "%M" in pattern else DAY
    assert span(text, _column(ColumnType.TIMESTAMP, pattern)) == (micros, micros + unit - 1)
    assert span(text, _column(ColumnType.DATE, pattern)) == (micros // DAY, micros // DAY)


@pytest.mark.parametrize(
    ("pattern", "text", "low", "high"),
    [
        ("%H:%M:%S", "08:30", 30_600_000_000, 30_659_999_999),
        ("%H:%M:%S", "08:30:05", 30_605_000_000, 30_605_999_999),
        ("%H:%M", "100:00", 360_000_000_000, 360_059_999_999),  # a duration
        ("%H:%M:%S.%f", "00:00:01.000002", 1_000_002, 1_000_002),
        ("%I:%M %p", "12:05 AM", 300_000_000, 359_999_999),
        ("%I:%M %p", "1:05 pm", 47_100_000_000, 47_159_999_999),
        ("%I:%M %p", "13:05", 47_100_000_000, 47_159_999_999),
        ("%Hh%M", "8h30", 30_600_000_000, 30_659_999_999),
        ("%H o'clock", "8 o'clock", 28_800_000_000, 32_399_999_999),
    ],
)
def test_times_of_day(pattern: str, text: str, low: int, high: int) -> None:
    assert span(text, _column(ColumnType.STRING, pattern)) == (low, high)


@pytest.mark.parametrize("pattern", ["%H:%M", "%H:%M (%H)"])
@pytest.mark.parametrize("text", ["", "8", "08:60", "08:30:61", "eight", "-1:00", "2024-01-01"])
def test_texts_that_are_no_times(pattern: str, text: str) -> None:
    with pytest.raises(UnreadableValueError, match="must be a time such as 12:30"):
        span(text, _column(ColumnType.STRING, pattern))


def test_a_pattern_that_has_a_directive_twice_is_only_written() -> None:
    column = _column(ColumnType.DATE, "%Y: %d.%m.%Y")
    assert span("2024-02-29", column) == (19_782, 19_782)
    with pytest.raises(UnreadableValueError) as caught:
        span("2024: 29.02.2024", column)
    assert str(caught.value) == "must be a date such as 2024: 29.02.2024 or 2024-02-29"


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        (DATE, "", "must be a date such as 2024-02-29"),
        (DATE, "2024-2-9", "must be a date such as 2024-02-29"),
        (DATE, "2024-02-29T12:00:00", "must be a date such as 2024-02-29"),
        (DATE, "٢٠٢٤-٠٢-٢٩", "must be a date such as 2024-02-29"),
        (DATE, "0000-01-01", "is no day of the calendar"),
        (DATE, "2023-02-29", "is no day of the calendar"),
        (_column(ColumnType.DATE, "%d.%m.%Y"), "1.1", "must be a date such as 29.02.2024 or 2024-02-29"),
        (_column(ColumnType.DATE, "%Y-%m-%d"), "1.1", "must be a date such as 2024-02-29"),
        (LOCAL, "12:30", "must be a date or a timestamp such as 2024-02-29T12:30:00"),
        (UTC, "now", "must be a date or a timestamp such as 2024-02-29T12:30:00Z"),
        (UTC, "2024-02-29T12:30:00.1234567", "must be a date or a timestamp such as 2024-02-29T12:30:00Z"),
        (UTC, "2024-02-29T12:30:00+0100", "must be a date or a timestamp such as 2024-02-29T12:30:00Z"),
        (UTC, "2024-02-30T12:30:00", "is no moment of the calendar"),
        (UTC, "2024-02-29T25:30:00", "is no moment of the calendar"),
        (UTC, "2024-02-29T12:30:00+25:00", "is no moment of the calendar"),
        (UTC, "2023-02-29", "is no day of the calendar"),
        (UTC, "0001-01-01T00:00:00+00:01", "must be in the years 1 to 9999"),
        (UTC, "9999-12-31T23:59:59-00:01", "must be in the years 1 to 9999"),
        (LOCAL, "2024-02-29T12:30:00Z", "must have no time zone, as the column has none"),
        *(
            (DOUBLE, text, "must be a number such as 12 or 12.5")
            for text in (
                "",
                "nan",
                "inf",
                "-inf",
                "1,5",
                "1_000",
                "0x10",
                "1e",
                "e5",
                ".",
                "+",
                "--1",
                " 1",
                "1\n",
                "१",
            )
        ),
        (COMMA, "1,5,0", "must be a number such as 12 or 12.5"),
        (DOUBLE, "1e309", "is too large for a number of 64 bits"),
        (DOUBLE, "-1e999", "is too large for a number of 64 bits"),
        *((one, "1" * 101, "must have at most 100 characters") for one in (DOUBLE, INT64, DATE, UTC)),
    ],
)
def test_refuses(column: Column, text: str, message: str) -> None:
    with pytest.raises(UnreadableValueError) as caught:
        span(text, column)
    assert str(caught.value) == message


@given(st.integers(-(10**98), 10**98))
def test_whole_numbers_stay_whole(number: int) -> None:
    low, high = span(str(number), INT64)
    assert (type(low), low, high) == (int, number, number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_in_both_forms(number: float) -> None:
    assert span(repr(number), DOUBLE) == (number, number)
    assert span(repr(number).replace(".", ","), COMMA) == (number, number)
    assert span(repr(number), COMMA) == (number, number)


TYPES = st.sampled_from([ColumnType.DOUBLE, ColumnType.INT64, ColumnType.DATE, ColumnType.TIMESTAMP])
PATTERNS = st.lists(
    st.one_of(
        st.sampled_from(["%Y", "%m", "%d", "%H", "%M", "%S", "%f", "%y", "%b", "%B", "%p", "%I", "%j", "%%"]),
        st.text(st.characters(exclude_characters="%\0", exclude_categories=["Cs"]), max_size=3),
    ),
    max_size=8,
).map("".join)
LIKELY = st.text(st.sampled_from("0123456789-:.TZ+eE, \0٣²"), max_size=30)


@pytest.mark.filterwarnings("ignore:Parsing dates involving a day of month:DeprecationWarning")
@given(text=st.one_of(st.text(max_size=120), LIKELY), kind=TYPES, pattern=PATTERNS, utc=st.booleans())
def test_any_text_is_a_value_or_refused(text: str, kind: ColumnType, pattern: str, utc: bool) -> None:
    low, high = _span_or_nothing(text, _column(kind, pattern, utc=utc))
    assert low <= high
    assert math.isfinite(low)
    assert math.isfinite(high)


def _span_or_nothing(text: str, column: Column) -> tuple[float, float]:
    try:
        return span(text, column)
    except UnreadableValueError:
        return 0, 0


@pytest.mark.parametrize("text", ["2024-02-29", "2024-02-29T00:00:00", "2024-02-29 00:00:00.000000"])
def test_a_day_as_data_frames_write_it(text: str) -> None:
    assert span(text, DATE) == (19_782, 19_782)
