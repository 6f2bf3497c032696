"""Rows of the shipped table model are the same bytes however they are cut, under each kind of condition."""

import pytest
from tests.benchmarks.cut_rows import CONDITIONS, MODEL, differing, pieces

import synthserve_core
from synthserve_core import LocalModel

ROWS = 3_000


@pytest.fixture(scope="module")
def model() -> LocalModel:
    return synthserve_core.load(MODEL)


@pytest.mark.parametrize("conditions", CONDITIONS)
def test_rows_are_the_same_bytes_however_they_are_cut(conditions: str, model: LocalModel) -> None:
    cut = list(pieces(ROWS, seed=0))
    assert len(cut) > 10
    assert [start for start, _ in cut[1:]] == [end for _, end in cut[:-1]]
    assert differing(model, ROWS, CONDITIONS[conditions]) == []
