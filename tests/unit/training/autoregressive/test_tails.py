"""Numbers beyond the outermost rows are extrapolated from those within."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve_training.models.autoregressive.tokens import UNKNOWN, numbers, tails
from synthserve_training.models.autoregressive.tokens.lattice import Lattice
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode

MIN_ROWS = 10
THOUSANDTHS = Lattice(0, 1, 1000)


def fitted(values: np.ndarray, lattice: Lattice = THOUSANDTHS) -> NumberCode:
    ranks = lattice.ranks(values)
    return numbers.fit("x", lattice, ranks, np.ones(len(ranks), np.bool_), MIN_ROWS, extrapolate=True)


def ends(code: NumberCode) -> tuple[float, float]:
    low, high = code.lattice.values(code.point(np.array([code.edges[0, 0], code.edges[-1, -1] - 1])))
    return float(low), float(high)


def same(one: NumberCode, other: NumberCode) -> bool:
    return np.array_equal(one.edges, other.edges) and np.array_equal(one.shares, other.shares)


@pytest.mark.parametrize("side", [1, -1])
@given(st.floats(1, 1e6))
def test_outermost_rows_have_no_influence(side: int, outlier: float) -> None:
    values = side * np.random.default_rng(0).exponential(10.0, 5_000)
    order = np.argsort(side * values)
    moved = values.copy()
    moved[order[-3:]] = values[order[-MIN_ROWS]] + side * outlier
    assert same(fitted(moved), fitted(values))


def test_tail_of_an_exponential_distribution_ends_near_its_extreme() -> None:
    generator = np.random.default_rng(1)
    ratios = []
    for _ in range(30):
        values = generator.exponential(10.0, 5_000)
        ratios.append(ends(fitted(values))[1] / (10 * np.log(2 * 5_000)))
    assert 0.8 < np.median(ratios) < 1.25


@given(st.integers(0, 2**32 - 1))
def test_numbers_crowded_at_a_bound_stay_within_it(seed: int) -> None:
    values = np.random.default_rng(seed).random(3_000)
    low, high = ends(fitted(values))
    assert low >= 0
    assert high <= 1


@given(st.integers(0, 2**32 - 1))
def test_positive_numbers_stay_positive(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(0, 2, 3_000)
    assert ends(fitted(values))[0] >= 0
    assert ends(fitted(-values))[1] <= 0


@pytest.mark.parametrize("capped", [15, 55])
def test_equal_values_at_an_end_are_its_bound(capped: int) -> None:
    """So few that they are no atom, or an atom."""
    values = np.random.default_rng(2).exponential(20.0, 50_000) % 90
    values[:capped] = 90.0
    code = fitted(values)
    assert (len(code.atoms) > 0) == (capped > 50)
    assert ends(code)[1] <= 90.0
    assert code.tails[0]
    assert code.tails[-1] == (capped > 50)


def test_rows_of_tails_have_no_part() -> None:
    values = np.random.default_rng(3).normal(0, 10.0, 5_000)
    code = fitted(values)
    encoded = code.encode_ranks(THOUSANDTHS.ranks(values), np.ones(len(values), np.bool_))
    in_tail = code.tails[code.bin_of[encoded.codes[:, 0]]]
    assert in_tail.sum() == 2 * MIN_ROWS
    assert (encoded.codes[in_tail, 1] == UNKNOWN).all()
    assert (encoded.codes[~in_tail, 1] >= 0).all()
    np.testing.assert_allclose(code.part_shares.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("values", [np.arange(12.0), np.zeros(500), np.r_[np.zeros(300), np.arange(9.0)]])
def test_few_rows_or_values_have_no_tails(values: np.ndarray) -> None:
    assert not fitted(values).tails.any()


def test_tails_are_mirrored() -> None:
    ranks = np.sort(np.random.default_rng(4).integers(-5_000, 9_000, 2_000))
    atoms = np.array([-7_000, 9_100])
    above = tails.upper(ranks, atoms, Lattice(0, 1, 1), MIN_ROWS, 16)
    below = tails.lower(-ranks[::-1], -atoms[::-1], Lattice(0, 1, 1), MIN_ROWS, 16)
    assert above is not None
    assert below is not None
    np.testing.assert_array_equal(above.edges, 1 - below.edges[::-1])
