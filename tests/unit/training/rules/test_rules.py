"""What all rules have in common, and those of single values."""

import datetime
from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.unit.training.rules.making import distinct, one, table

from synthserve.v1 import schema_pb2
from synthserve_training.errors import RecipeError
from synthserve_training.models.rules import KINDS, rule

_NEEDED: dict[str, dict[str, Any]] = {
    "choice": {"values": ["a", "b"]},
    "constant": {"value": "x"},
    "date": {"low": "2020-01-01", "high": "2020-12-31"},
    "number": {"low": 0, "high": 9},
    "permutation": {"digits": 7},
    "reference": {"from": ["first"]},
    "regex": {"pattern": "[a-z]{3,6}[0-9]{4}"},
    "stdnum": {"format": "br.cpf"},
    "timestamp": {"low": "2020-01-01T00:00:00", "high": "2020-12-31T23:59:59"},
}


def _all_kinds(**more: Any) -> dict[str, dict[str, Any]]:
    return {"first": {"kind": "first-name"}} | {
        kind: {"kind": kind, **_NEEDED.get(kind, {}), **{o: v for o, v in more.items() if o in options.model_fields}}
        for kind, options in KINDS.items()
    }


@pytest.mark.parametrize("more", [{}, {"unique": True, "missing": 0.2}], ids=["plain", "unique"])
def test_a_row_does_not_depend_on_its_batch(more: dict[str, Any]) -> None:
    made = table(_all_kinds(**more))
    whole = made.tensors(100, batch=100)
    cut = made.tensors(100, batch=7)

    for name, tensor in whole.items():
        assert np.array_equal(tensor, cut[name]), name


def test_a_million_unique_rows() -> None:
    made = table({"c": {"kind": "regex", "pattern": "[A-Z]{2}[0-9]{4}", "unique": True}})

    assert distinct(made.tensors(10**6, batch=65_536)["c"]) == 10**6


def test_a_share_of_values_is_missing() -> None:
    found = one({"kind": "constant", "value": 7, "missing": 0.25}, 20_000)

    assert abs(found.count(None) / len(found) - 0.25) < 0.015
    assert set(found) == {None, 7}


def test_constants_and_choices_have_the_type_of_their_values() -> None:
    values: list[tuple[Any, int]] = [
        ("ä", schema_pb2.COLUMN_TYPE_CATEGORY),
        (5, schema_pb2.COLUMN_TYPE_INT64),
        (2.5, schema_pb2.COLUMN_TYPE_DOUBLE),
        (True, schema_pb2.COLUMN_TYPE_BOOL),
    ]
    for value, kind in values:
        made = table({"c": {"kind": "constant", "value": value}})
        assert made.schemas["c"].type == kind
        assert made.values(3)["c"] == [value] * 3
    assert set(one({"kind": "choice", "values": [1, 2.5]})) == {1.0, 2.5}
    assert set(one({"kind": "choice", "values": [True, False]})) == {True, False}


def test_choices_have_weights() -> None:
    counts = Counter(one({"kind": "choice", "values": ["a", "b", "c", "d"], "weights": [6, 3, 1, 0]}, 20_000))

    assert set(counts) == {"a", "b", "c"}
    for value, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)):
        assert abs(counts[value] / 20_000 - share) < 0.015


def test_numbers_of_a_range() -> None:
    assert set(one({"kind": "number", "low": -2, "high": 2})) == {-2, -1, 0, 1, 2}
    assert set(one({"kind": "number", "low": 0.1, "high": 0.35, "decimals": 1})) == {0.1, 0.2, 0.3}
    large = one({"kind": "number", "low": 0, "high": 10**14}, 2000)
    assert abs(np.mean(large) / 10**14 - 0.5) < 0.03
    assert max(Counter(number % 2 for number in large).values()) < 1150
    real = one({"kind": "number", "low": -1.5, "high": 2, "continuous": True}, 2000)
    assert -1.5 <= min(real) < -1.4
    assert 1.9 < max(real) < 2


def test_days_and_times_of_a_range() -> None:
    days = one({"kind": "date", "low": datetime.date(1969, 12, 30), "high": datetime.date(1970, 1, 2)})
    assert set(days) == {-2, -1, 0, 1}
    times = one({"kind": "timestamp", "low": "1969-12-31T23:59:58", "high": "1970-01-01T00:00:01"})
    assert set(times) == {-2_000_000, -1_000_000, 0, 1_000_000}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "regexp"}, "column 'c': rule: kind = 'regexp': use one of .* did you mean regex"),
        ({}, "kind = None"),
        ({"kind": "uuid", "uniqe": True}, "uniqe: .* did you mean unique"),
        ({"kind": "regex"}, "pattern: Field required"),
        ({"kind": "uuid", "missing": 2}, "missing: "),
        ({"kind": "choice", "values": []}, "values: "),
        ({"kind": "choice", "values": ["a", 1]}, "of different types"),
        ({"kind": "choice", "values": ["a", "a"]}, "there twice"),
        ({"kind": "choice", "values": ["a"], "weights": [1, 2]}, "one for each value"),
        ({"kind": "number", "low": 2, "high": 1}, "low is larger than high"),
        ({"kind": "number", "low": 0.2, "high": 0.8}, "no number of so many decimals"),
        ({"kind": "number", "low": 0, "high": 10, "decimals": 15}, "use fewer decimals"),
        ({"kind": "date", "low": "2021-01-01", "high": "2020-01-01"}, "low is later than high"),
        ({"kind": "timestamp", "low": "2020-01-01T00:00:00Z", "high": "2020-01-02T00:00:00Z"}, "no time zone"),
        ({"kind": "sequence", "start": -1, "prefix": "x"}, "need start and step of at least 0"),
        ({"kind": "text", "words": [5, 2]}, "the smaller one first"),
    ],
)
def test_mistakes_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        rule(options, "c")
