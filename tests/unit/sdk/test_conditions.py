"""Conditions: what a caller writes, and what is sent."""

from __future__ import annotations

import copy
import enum
import math
import pickle
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import synthserve
from synthserve import InvalidRequest, between, present
from synthserve._conditions import as_where, messages
from synthserve.v1 import generation_pb2 as pb


class Colour(str, enum.Enum):  # noqa: UP042 - its str() is not its value
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


def sent(test: object) -> pb.Condition:
    (condition,) = messages({"c": test})
    assert condition.column == "c"
    condition.ClearField("column")
    return condition


BERLIN = timezone(timedelta(hours=2))
VALUES = [
    ("setosa", "setosa"),
    ("", ""),
    (np.str_("a"), "a"),
    (Colour.RED, "red"),
    (3, "3"),
    (-(2**63), "-9223372036854775808"),
    (np.int64(4), "4"),
    (np.uint8(4), "4"),
    (Size.SMALL, "1"),
    (1.5, "1.5"),
    (30.0, "30.0"),
    (0.1, "0.1"),
    (1e300, "1e+300"),
    (5e-324, "5e-324"),
    (np.float64(0.1), "0.1"),
    (np.float32(0.1), "0.1"),
    (Decimal("1.50"), "1.50"),
    (True, "true"),
    (np.bool_(False), "false"),
    (date(2024, 2, 29), "2024-02-29"),
    (date(1, 1, 1), "0001-01-01"),
    (datetime(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
    (datetime(2024, 2, 29, 12, 30, 1, 50), "2024-02-29T12:30:01.000050"),
    (datetime(2024, 2, 29, 12, 30, tzinfo=UTC), "2024-02-29T12:30:00Z"),
    (datetime(2024, 2, 29, 1, 30, tzinfo=BERLIN), "2024-02-28T23:30:00Z"),
    (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    (pd.Timestamp("2024-02-29T12:30:00.5"), "2024-02-29T12:30:00.500000"),
    (pd.Timestamp("2024-02-29T12:30:00", tz="Europe/Berlin"), "2024-02-29T11:30:00Z"),
    (pd.Timestamp("2024-02-29"), "2024-02-29T00:00:00"),
    (np.datetime64("2024-02-29"), "2024-02-29"),
    (np.datetime64("2024-02-29T12:30"), "2024-02-29T12:30:00"),
    (np.datetime64("2024-02-29T12:30:00.000001000"), "2024-02-29T12:30:00.000001"),
]


@pytest.mark.parametrize(("value", "text"), VALUES)
def test_values_become_text_as_in_csv(value: object, text: str) -> None:
    assert sent(value) == pb.Condition(equals=text)
    assert sent(between(value, None)) == pb.Condition(between=pb.ValueRange(low=text))
    assert sent([value, "x"]) == pb.Condition(any_of=pb.ValueSet(values=[text, "x"]))


@pytest.mark.parametrize(
    ("test", "condition"),
    [
        (None, pb.Condition(missing=True)),
        (present, pb.Condition(missing=False)),
        (between(30, 40), pb.Condition(between=pb.ValueRange(low="30", high="40"))),
        (between(None, 40), pb.Condition(between=pb.ValueRange(high="40"))),
        (between(date(2024, 1, 1), None), pb.Condition(between=pb.ValueRange(low="2024-01-01"))),
        (["AT", "DE"], pb.Condition(any_of=pb.ValueSet(values=["AT", "DE"]))),
        (("DE", None, "AT"), pb.Condition(any_of=pb.ValueSet(values=["DE", "AT"], missing=True))),
        ({"b", "c", "a"}, pb.Condition(any_of=pb.ValueSet(values=["a", "b", "c"]))),
        (np.array([1, 2]), pb.Condition(any_of=pb.ValueSet(values=["1", "2"]))),
        (pd.Series(["a", "b"]), pb.Condition(any_of=pb.ValueSet(values=["a", "b"]))),
        (range(3), pb.Condition(any_of=pb.ValueSet(values=["0", "1", "2"]))),
        # One way to say one thing.
        (["AT"], pb.Condition(equals="AT")),
        ([None], pb.Condition(missing=True)),
        (["AT", None], pb.Condition(any_of=pb.ValueSet(values=["AT"], missing=True))),
    ],
)
def test_tests(test: object, condition: pb.Condition) -> None:
    assert sent(test) == condition
    assert messages(as_where(messages({"c": test}))) == messages({"c": test})


def test_conditions_hold_together() -> None:
    found = messages({"species": "setosa", "age": between(1, 2)})
    assert [condition.column for condition in found] == ["species", "age"]
    assert messages(None) == messages({}) == []


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (math.nan, "must be a finite number, not nan: write None for missing; leave out an open end"),
        (math.inf, "must be a finite number, not inf"),
        (np.float32("-inf"), "must be a finite number, not -inf"),
        (Decimal("sNaN"), "must be a finite number"),
        (pd.NaT, "must be a date or a datetime, not NaT: write None for missing"),
        (np.datetime64("NaT"), "must be within the years 1 to 9999, not NaT: write None for missing"),
        (np.datetime64("2024-01-01T00:00:00.000000001"), "must be in whole microseconds"),
        (pd.Timestamp("2024-01-01T00:00:00.000000001"), "must be in whole microseconds"),
        (np.datetime64("12024-01-01"), "must be within the years 1 to 9999"),
        (np.datetime64("12024-01-01T00:00:00"), "must be within the years 1 to 9999"),
        (datetime(1, 1, 1, tzinfo=BERLIN), "is not within the years 1 to 9999 in UTC"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=2))), "is not within the years 1 to 9999 in UTC"),
        (time(12), "must be text, a number, a boolean, a date or a datetime, not of the type time"),
        (timedelta(1), "not of the type timedelta"),
        (b"setosa", "not of the type bytes"),
        ({"a": 1}, "not of the type dict"),
        (Fraction(1, 3), "not of the type Fraction"),
        (1j, "not of the type complex"),
        (pd.NA, "not of the type NAType"),
        (object(), "not of the type object"),
        pytest.param(10**5000, "has too many digits", id="digits"),
        ([], "an empty list allows no value; leave the condition out instead"),
        ([["a"]], "not of the type list"),
        ([between(1, 2)], "not of the type Between"),
        ([present], "not of the type Presence"),
        (between([1], None), "not of the type list"),
        ("\udcff", "must be text that UTF-8 can hold"),
    ],
)
def test_what_no_condition_can_have_is_refused_by_name(test: object, why: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        messages({"c": test})
    assert [violation.field for violation in caught.value.violations] == ["conditions['c']"]
    assert why in str(caught.value)


def test_a_range_needs_an_end() -> None:
    with pytest.raises(InvalidRequest, match="one of the two ends must be given"):
        between(None, None)


@pytest.mark.parametrize("client", [synthserve.Client, synthserve.AsyncClient])
def test_streams_refuse_conditions_before_anything_is_sent(client: type[synthserve.Client]) -> None:
    made = client("localhost:1")
    for stream in (made.rows, made.images):
        with pytest.raises(InvalidRequest, match=r"conditions\['c'\]: must be a finite number"):
            stream("m", where={"c": math.nan})


def test_present_is_itself_wherever_it_goes() -> None:
    assert repr(present) == "synthserve.present"
    for made in (copy.copy(present), copy.deepcopy(present), pickle.loads(pickle.dumps(present))):  # noqa: S301 - made here
        copied: Any = made
        assert copied is present
