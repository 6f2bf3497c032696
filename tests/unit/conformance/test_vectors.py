"""The digests in the vectors are those of an independent computation."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance import exact, oracle, typed, vectors, wide
from tests.conformance.digests import Cells, TableDigest
from tests.conformance.vectors import Case, Failure, Outcome

CASES = vectors.read()
GENERATING = [case for case in CASES if case.expect.sha256 is not None]


def named(cases: list[Case], call: str, formats: set[str | None]) -> list[object]:
    return [pytest.param(case, id=case.name) for case in cases if case.call == call and case.format in formats]


def test_cases_have_names_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_outcome_is_expected_somewhere() -> None:
    codes = {case.expect.error.code for case in CASES if case.expect.error is not None}

    assert {"NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "UNAVAILABLE", "RESOURCE_EXHAUSTED"} <= codes
    assert {"DEADLINE_EXCEEDED", "UNAUTHENTICATED", "INTERNAL"} <= codes
    assert any(case.expect.cancelled for case in CASES)
    assert any(case.pause_after for case in CASES)


CONDITIONS: dict[str, dict[str, Any]] = {
    "one value of a set": {"kinds": [1]},
    "several values of a set": {"kinds": [0, 3, 5]},
    "a value or a missing one": {"kinds": [2, 6]},
    "a missing category": {"kinds": [6]},
    "a category that is there": {"kinds": range(6)},
    "true or false": {"opens": [1]},
    "the text of true": {"opens": [1]},
    "a range": {"ranges": {"age": (30, 40)}},
    "a range without an end": {"ranges": {"amount": (990.5, np.inf)}},
    "a range without a beginning": {"ranges": {"age": (-np.inf, 3)}},
    "one number": {"ranges": {"age": (42, 42)}},
    "a missing number": {"ranges": {"amount": (np.nan, np.nan)}},
    "a number that is there": {"ranges": {"amount": (-np.finfo(float).max, np.finfo(float).max)}},
    "a range of dates": {"ranges": {"born": (3683, 4017)}},
    "one day": {"ranges": {"born": (11016, 11016)}},
    "a range of timestamps": {"ranges": {"seen": (1_514_764_800_000_000, 1_561_896_000_000_000)}},
    "several conditions": {"kinds": [0, 6], "opens": [0], "ranges": {"age": (18, np.inf), "born": (-np.inf, 10956)}},
    "every type, server killed": {"kinds": [1, 6]},
}
"""What the conditions of the cases mean for the graph, worked out by hand."""


LEARNT: dict[str, dict[str, Any]] = {
    "a learnt table under conditions": {
        "kind": np.array([[True, False, True, False]]),
        "number": np.array([[-1.0, 700.0]]),
        "day": np.array([[20_125.0, 20_190.0]]),
    },
    "a learnt table, a missing value": {"kind": np.array([[False, False, False, True]])},
}
"""The same for the learnt table."""


@pytest.mark.parametrize("case", named(GENERATING, "rows", {None, "columns"}))
def test_digest_of_rows(case: Case) -> None:
    of = (int(case.seed or 0), int(case.offset or 0), int(case.expect.samples or 0))
    match case.model:
        case typed.NAME:
            assert (case.name in CONDITIONS) == (case.where is not None)
            wanted = oracle.typed_digest(*of, **CONDITIONS.get(case.name, {}))
        case exact.NAME:
            assert (case.name in LEARNT) == (case.where is not None)
            wanted = oracle.exact_digest(*of, **LEARNT.get(case.name, {}))
        case wide.NAME:
            wanted = oracle.wide_digest(*of)
        case _:
            city = case.where["city"] if case.where else None
            wanted = oracle.table_digest(*of, city if isinstance(city, str) else None)

    assert case.expect.sha256 == wanted


@pytest.mark.parametrize("case", named(GENERATING, "images", {None, "png", "raw"}))
def test_digest_of_pixels(case: Case) -> None:
    channels = 1 if case.model == "conformance-grey" else 3
    count = int(case.count or 0)

    assert case.expect.sha256 == oracle.image_digest(int(case.seed or 0), int(case.offset or 0), count, channels)


def test_a_stream_that_breaks_is_expected_to_give_what_another_gives() -> None:
    whole = {case.expect.sha256 for case in GENERATING if case.pause_after is None}

    assert {case.expect.sha256 for case in GENERATING if case.pause_after and case.seed == "7"} & whole


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["", "é", "東京"]), st.booleans())),
    st.integers(0, 20),
)
def test_digest_does_not_depend_on_the_cut(rows: list[tuple[int, str, bool]], cut: int) -> None:
    def digest(parts: list[list[tuple[int, str, bool]]]) -> str:
        table = TableDigest(2)
        for part in parts:
            validity = np.array([valid for *_, valid in part], np.bool_)
            numbers = np.array([number for number, *_ in part], np.int64)
            table.update([Cells(numbers, validity), Cells([text for _, text, _ in part], validity)])
        return table.hexdigest()

    assert digest([rows]) == digest([rows[:cut], rows[cut:]])


def test_digest_tells_a_missing_value_from_a_zero() -> None:
    one, other = TableDigest(1), TableDigest(1)
    one.update([Cells(np.zeros(1), np.array([True]))])
    other.update([Cells(np.zeros(1), np.array([False]))])

    assert one.hexdigest() != other.hexdigest()


@pytest.mark.parametrize(
    ("expected", "got", "differs"),
    [
        (Outcome(samples="1"), Outcome(samples="1", seed="7"), False),
        (Outcome(samples="1"), Outcome(samples="2"), True),
        (Outcome(samples="1"), Outcome(error=Failure(code="INTERNAL")), True),
        (Outcome(error=Failure(code="INTERNAL")), Outcome(samples="1"), True),
        (Outcome(error=Failure(code="INTERNAL")), Outcome(samples="0", error=Failure(code="INTERNAL")), False),
        (Outcome(error=Failure(code="INTERNAL")), Outcome(error=Failure(code="INTERNAL", reason="X")), True),
        (Outcome(error=Failure(code="X", retry_ms="any")), Outcome(error=Failure(code="X", retry_ms=5)), False),
        (Outcome(error=Failure(code="X", retry_ms="any")), Outcome(error=Failure(code="X")), True),
        (
            Outcome(error=Failure(code="X", fields=["a", "b"])),
            Outcome(error=Failure(code="X", fields=["b", "a"])),
            False,
        ),
        (Outcome(error=Failure(code="X", fields=["a"])), Outcome(error=Failure(code="X", fields=["b"])), True),
    ],
)
def test_differences(expected: Outcome, got: Outcome, differs: bool) -> None:
    assert bool(vectors.differences(expected, got)) == differs
