"""Conditions: what a test becomes as an input of a graph, and its text."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve import _condition_text
from synthserve.v1 import generation_pb2
from synthserve_core.contract.conditions import (
    AnyOf,
    Between,
    ConditionError,
    Equals,
    Missing,
    Test,
    query,
    setting,
    settings,
    text_of,
)
from synthserve_core.contract.model import ColumnType, Condition, ConditionKind, CsvFormat
from synthserve_core.contract.values import DAY

CODE = Condition("c", ConditionKind.CODE, categories=("a", "b", ""))
SET = Condition("s", ConditionKind.SET, categories=("a", "b", "c,d"))
SET_OR_MISSING = Condition("m", ConditionKind.SET, categories=("a", "b"), nullable=True)
BOOL = Condition(
    "b",
    ConditionKind.SET,
    ColumnType.BOOL,
    ("false", "true"),
    csv=CsvFormat(true_text="ja", false_text="true"),
)
LARGEST = np.finfo(np.float64).max


def _ranged(kind: ColumnType, **fields: Any) -> Condition:
    return Condition("r", ConditionKind.RANGE, kind, **fields)


DOUBLE = _ranged(ColumnType.DOUBLE, nullable=True, low=-10.0, high=10.0)
INT64 = _ranged(ColumnType.INT64)
DATE = _ranged(ColumnType.DATE, csv=CsvFormat(pattern="%d.%m.%Y"))
UTC = _ranged(ColumnType.TIMESTAMP, utc=True)
LOCAL = _ranged(ColumnType.TIMESTAMP)


@pytest.mark.parametrize(
    ("condition", "test", "expected"),
    [
        (CODE, Equals("b"), [1]),
        (CODE, Equals(""), [2]),
        (CODE, AnyOf(("a",)), [0]),
        (SET, Equals("c,d"), [[0, 0, 1]]),
        (SET, AnyOf(("b", "a")), [[1, 1, 0]]),
        (SET, AnyOf(("b", "b")), [[0, 1, 0]]),
        (SET, Missing(missing=False), [[1, 1, 1]]),
        (SET_OR_MISSING, Equals("a"), [[1, 0, 0]]),
        (SET_OR_MISSING, AnyOf(("b",), missing=True), [[0, 1, 1]]),
        (SET_OR_MISSING, AnyOf((), missing=True), [[0, 0, 1]]),
        (SET_OR_MISSING, Missing(), [[0, 0, 1]]),
        (SET_OR_MISSING, Missing(missing=False), [[1, 1, 0]]),
        # Texts of the column before the default ones: here "true" is how false is written.
        (BOOL, Equals("ja"), [[0, 1]]),
        (BOOL, Equals("false"), [[1, 0]]),
        (DOUBLE, Equals("1.5"), [[1.5, 1.5]]),
        (DOUBLE, AnyOf((".5",)), [[0.5, 0.5]]),
        (DOUBLE, Between("-1e0", "+2."), [[-1, 2]]),
        (DOUBLE, Between(None, "2"), [[-math.inf, 2]]),
        (DOUBLE, Between("10", None), [[10, math.inf]]),
        (DOUBLE, Missing(missing=False), [[-LARGEST, LARGEST]]),
        (DOUBLE, Missing(), [[math.nan, math.nan]]),
        (INT64, Between("1.2", "3.9"), [[2, 3]]),
        (INT64, Between("-3.9", "-1.2"), [[-3, -2]]),
        (INT64, Between("0.5", None), [[1, math.inf]]),
        (INT64, Missing(missing=False), [[-LARGEST, LARGEST]]),
        (INT64, Equals("9007199254740992"), [[2**53, 2**53]]),
        (INT64, AnyOf(("5", "5")), [[5, 5]]),
        (INT64, Between("9007199254740993", "9007199254740997"), [[2**53 + 2, 2**53 + 4]]),
        (UTC, Between(None, "9999-12-31T23:59:59.999999"), [[-math.inf, 253402300799999968]]),
        (DATE, Equals("1970-01-02"), [[1, 1]]),
        (DATE, Equals("02.01.1970"), [[1, 1]]),
        (DATE, Between("1969-12-31", "1970-02-01"), [[-1, 31]]),
        (LOCAL, Equals("1970-01-02"), [[DAY, 2 * DAY - 1]]),
        (LOCAL, Between("1970-01-02", "1970-01-02"), [[DAY, 2 * DAY - 1]]),
        (LOCAL, Between("1970-01-01T00:00:00.000007", None), [[7, math.inf]]),
        (UTC, Equals("1970-01-01T01:00:00+01:00"), [[0, 0]]),
        (UTC, Equals("1970-01-01T00:00:01"), [[10**6, 10**6]]),
    ],
)
def test_what_a_test_becomes(condition: Condition, test: Test, expected: Any) -> None:
    found = setting(condition, test)
    assert (found.dtype, found.shape) == (condition.tensor.dtype, (1, *condition.tensor.shape))
    np.testing.assert_array_equal(found, np.array(expected, found.dtype))


NOT_NULLABLE = "never has a missing value"
EMPTY = "is an empty range: its lowest value is above its highest"
OUTSIDE = "has no value in the range that the model has learnt"


@pytest.mark.parametrize(
    ("condition", "test", "message"),
    [
        *(
            (CODE, test, "takes one value")
            for test in (AnyOf(("a",), missing=True), AnyOf((), missing=True), Between("a", "b"), Missing())
        ),
        (CODE, AnyOf(("a", "b")), 'takes one value; a value that contains a comma must be in quotes: "a,b"'),
        (CODE, AnyOf(()), "must name at least one value"),
        (CODE, Equals("z"), "'z' is not allowed; allowed are: a, b, \"\""),
        (SET, Equals("c"), "'c' is not allowed; allowed are: a, b, \"c,d\""),
        (SET, AnyOf(("a", "x" * 200)), f"'{'x' * 77}…' is not allowed; allowed are: a, b, \"c,d\""),
        (SET, AnyOf(()), "must name at least one value"),
        (SET, AnyOf(("a",), missing=True), NOT_NULLABLE),
        (SET, Missing(), NOT_NULLABLE),
        (SET, Between("a", "b"), "takes values, not a range"),
        (BOOL, Equals("True"), "'True' is not allowed; allowed are: false, true"),
        (
            DOUBLE,
            AnyOf(("1", "2")),
            'takes one value or one range; a value that contains a comma must be in quotes: "1,2"',
        ),
        (DOUBLE, AnyOf(()), "must name at least one value"),
        (INT64, AnyOf((), missing=True), NOT_NULLABLE),
        (
            INT64,
            Equals("9007199254740993"),
            "is too exact: models compare with doubles, which have gaps here; give a wider range",
        ),
        (INT64, Equals("9223372036854775808"), EMPTY),
        (DOUBLE, AnyOf(("1",), missing=True), "takes one value or one range"),
        (DOUBLE, Between(None, None), "must have a lowest or a highest value"),
        (DOUBLE, Between("2", "1"), EMPTY),
        (DOUBLE, Between("11", None), OUTSIDE),
        (DOUBLE, Between(None, "-10.5"), OUTSIDE),
        (DOUBLE, Equals("-11"), OUTSIDE),
        (INT64, Equals("1.5"), EMPTY),
        (INT64, Between("1.2", "1.8"), EMPTY),
        (INT64, Missing(), NOT_NULLABLE),
        (INT64, Equals("many"), "'many' must be a number such as 12 or 12.5"),
        (DATE, Between("2024-01-02", "2024-01-01"), EMPTY),
        (DATE, Equals("2024-02-30"), "'2024-02-30' is no day of the calendar"),
        (DATE, Equals("30.02.2024"), "'30.02.2024' must be a date such as 29.02.2024 or 2024-02-29"),
        (
            LOCAL,
            Equals("2024-01-01T00:00:00Z"),
            "'2024-01-01T00:00:00Z' must have no time zone, as the column has none",
        ),
    ],
)
def test_refuses(condition: Condition, test: Test, message: str) -> None:
    with pytest.raises(ConditionError) as caught:
        setting(condition, test)
    assert str(caught.value) == message


def test_several_conditions_and_what_names_them() -> None:
    found = settings([CODE, SET], {"s": Equals("a"), "c": Equals("b")})
    assert {name: array.tolist() for name, array in found.items()} == {"s": [[True, False, False]], "c": [1]}
    assert settings([CODE], {}) == {}
    with pytest.raises(ConditionError) as caught:
        settings([CODE, SET], {"t": Equals("a")})
    assert str(caught.value) == "'t': the model has no such condition; it has: c, s"
    with pytest.raises(ConditionError) as caught:
        settings([CODE], {"c": Missing()})
    assert str(caught.value) == "'c': takes one value"


@pytest.mark.parametrize("condition", [CODE, SET, SET_OR_MISSING, DOUBLE])
def test_what_is_unset_is_what_the_contract_says(condition: Condition) -> None:
    expected = {
        ConditionKind.CODE: [-1],
        ConditionKind.SET: [[True] * math.prod(condition.tensor.shape)],
        ConditionKind.RANGE: [[-math.inf, math.inf]],
    }[condition.kind]
    assert condition.unset.dtype == condition.tensor.dtype
    assert condition.unset.tolist() == expected
    with pytest.raises(ValueError, match="read-only"):
        condition.unset[:] = 0


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-1000, 1000, places=3),
)


@given(low=NUMBERS, high=NUMBERS)
def test_a_range_of_doubles_is_what_python_reads(low: Any, high: Any) -> None:
    anywhere = _ranged(ColumnType.DOUBLE)
    if low > high:
        with pytest.raises(ConditionError, match="empty range"):
            setting(anywhere, Between(str(low), str(high)))
    else:
        assert setting(anywhere, Between(str(low), str(high))).tolist() == [[float(low), float(high)]]


@given(low=NUMBERS, high=NUMBERS)
def test_a_range_of_whole_numbers_holds_the_whole_numbers_between(low: Any, high: Any) -> None:
    first, last = max(math.ceil(low), -(2**63)), min(math.floor(high), 2**63 - 1)
    if first > last:
        with pytest.raises(ConditionError, match="empty range"):
            setting(INT64, Between(str(low), str(high)))
    elif not any(first <= double <= last for double in (float(first), math.nextafter(float(first), math.inf))):
        with pytest.raises(ConditionError, match="too exact"):
            setting(INT64, Between(str(low), str(high)))
    else:
        ((lowest, highest),) = setting(INT64, Between(str(low), str(high))).tolist()
        assert first <= lowest <= highest <= last
        assert math.nextafter(lowest, -math.inf) < first
        assert math.nextafter(highest, math.inf) > last


# Texts of every kind, and many of what the form of a condition is written with.
TEXTS = st.one_of(
    st.text(),
    st.text(st.sampled_from(",.=\"' a\t\nÄ")),
    st.sampled_from(["", " ", ".", "..", "...", '"', '""', "=", ",", "1.", ".5", "-1.5", "a..b", "\n", "\u00a0x"]),
)
TESTS: st.SearchStrategy[Test] = st.one_of(
    st.builds(Equals, TEXTS),
    st.builds(AnyOf, st.lists(TEXTS, min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(Between, TEXTS, TEXTS),
    st.builds(Between, TEXTS, st.none()),
    st.builds(Between, st.none(), TEXTS),
    st.builds(Missing, st.booleans()),
)


def _message(test: Test) -> generation_pb2.Condition:
    match test:
        case Equals(value) | AnyOf((value,), missing=False):
            return generation_pb2.Condition(column="c", equals=value)
        case AnyOf(values, missing):
            return generation_pb2.Condition(column="c", any_of=generation_pb2.ValueSet(values=values, missing=missing))
        case Between(low, high):
            return generation_pb2.Condition(column="c", between=generation_pb2.ValueRange(low=low, high=high))
        case Missing(missing):
            return generation_pb2.Condition(column="c", missing=missing)


@given(TESTS)
def test_a_text_is_read_back_by_the_client(test: Test) -> None:
    assert _condition_text.parse(f"c={text_of(test)}") == _message(test)


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (Equals("AT"), "AT"),
        (Equals(""), '""'),
        (AnyOf(("AT", "D,E")), 'AT,"D,E"'),
        (AnyOf(("AT",), missing=True), "AT,"),
        (AnyOf((), missing=True), ""),
        (Between("30", "40"), "30..40"),
        (Between("1.", ".5"), '"1."..".5"'),
        (Between(None, "40"), "..40"),
        (Between("30", None), "30.."),
        (Missing(), ""),
        (Missing(missing=False), ".."),
        (Equals('say "hi"'), '"say ""hi"""'),
    ],
)
def test_the_text_of_a_test(test: Test, text: str) -> None:
    assert text_of(test) == text


def test_a_query_is_sorted_and_encoded() -> None:
    tests: dict[str, Test] = {"b c": Equals("ü&="), "a": Between("1", "2")}
    assert query(tests) == "a=1..2&b+c=%22%C3%BC%26%3D%22"
    assert query(tests, "where.") == "where.a=1..2&where.b+c=%22%C3%BC%26%3D%22"


NOT_TEXT: tuple[Any, Any, Any] = (5, None, b"a")


@pytest.mark.parametrize(
    "make",
    [lambda: Equals(NOT_TEXT[0]), lambda: AnyOf(("a", NOT_TEXT[1])), lambda: Between(NOT_TEXT[2], None)],
    ids=["Equals", "AnyOf", "Between"],
)
def test_values_are_text(make: Any) -> None:
    with pytest.raises(TypeError, match="must be text, as in a CSV file"):
        make()


def test_plain_text_is_no_test() -> None:
    text: Any = "a"
    with pytest.raises(TypeError, match="must be Equals, AnyOf, Between or Missing, not 'a'"):
        setting(SET, text)
