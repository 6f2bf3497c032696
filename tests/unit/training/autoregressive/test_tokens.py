"""Values become tokens and back: atoms and lattice points exactly, and nothing that few rows have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures.token_models import MICROSECONDS, column

from synthserve_training.models.autoregressive.tokens import UNKNOWN, categories, dates, numbers
from synthserve_training.models.autoregressive.tokens.groups import grouped
from synthserve_training.models.autoregressive.tokens.lattice import Lattice
from synthserve_training.tables.columns import ColumnType

whole_numbers = st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=200).map(
    lambda values: np.array(values, np.int64)
)


def cells_of(code: numbers.NumberCode, ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest rank that can be drawn with the tokens of each rank."""
    encoded = code.encode_ranks(ranks, np.ones(len(ranks), np.bool_)).codes
    low, high = np.zeros(len(ranks), np.int64), np.zeros(len(ranks), np.int64)
    for row, codes in enumerate(encoded):
        one = code.bin_of[codes[0]]
        part = codes[1] if len(codes) > 1 else 0
        if one < 0:
            low[row] = high[row] = code.atoms[code.order[codes[0]]]
        else:
            low[row], last = code.point(np.array([code.edges[one, part], code.edges[one, part + 1] - 1]))
            high[row] = last
    return low, high


@given(whole_numbers)
def test_lattice_of_integers_has_all_of_them(values: np.ndarray) -> None:
    lattice = Lattice.of_integers(values)
    assert np.array_equal(lattice.values(lattice.ranks(values)), values)


@given(st.lists(st.integers(-(10**7), 10**7), min_size=1, max_size=50), st.integers(0, 4))
def test_lattice_of_decimals_has_all_of_them(numerators: list[int], decimals: int) -> None:
    values = np.array(numerators) / 10.0**decimals
    lattice = Lattice.of_decimals(values, decimals)
    assert np.array_equal(lattice.values(lattice.ranks(values)).astype(np.float64), values)


def test_lattice_is_the_coarsest() -> None:
    assert Lattice.of_decimals(np.array([0.25, 1.75, 3.25]), 2) == Lattice(1, 6, 4)
    assert Lattice.of_integers(np.array([7, 107, 407])).step == 100


@settings(deadline=None)
@given(whole_numbers, st.integers(1, 12))
def test_each_number_lies_in_its_cell_unless_it_is_an_extreme(values: np.ndarray, min_rows: int) -> None:
    lattice = Lattice.of_integers(values)
    ranks = lattice.ranks(values)
    code = numbers.fit("x", lattice, ranks, np.ones(len(ranks), np.bool_), min_rows)
    if not code.tokens[0].size:
        assert len(values) < 3 * min_rows
        return
    codes = code.encode_ranks(ranks, np.ones(len(ranks), np.bool_)).codes[:, 0]
    known = ranks[codes != UNKNOWN]
    low, high = cells_of(code, known)
    outside = (known < low) | (known > high)
    # Only rows beyond the outermost `min_rows` rows of the bins are moved into them.
    assert outside.sum() <= 2 * min_rows
    if min_rows == 1:
        assert not outside.any()


@pytest.mark.parametrize("others", [[30, 31], [-31, 30], [*range(-30, -24), *range(30, 35)]])
def test_bins_are_not_one_number_of_too_few_rows(others: list[int]) -> None:
    values = np.array([0] * 9 + others)
    code = numbers.fit("x", Lattice.of_integers(values), values, np.ones(len(values), np.bool_), 10)
    assert not code.tokens[0].size


@settings(deadline=None)
@given(whole_numbers, st.integers(2, 12))
def test_no_cell_has_fewer_rows_than_may_be_published(values: np.ndarray, min_rows: int) -> None:
    lattice = Lattice.of_integers(values)
    ranks = lattice.ranks(values)
    code = numbers.fit("x", lattice, ranks, np.ones(len(ranks), np.bool_), min_rows)
    codes = code.encode_ranks(ranks, np.ones(len(ranks), np.bool_)).codes
    _, counts = np.unique(codes[codes[:, 0] != UNKNOWN], axis=0, return_counts=True)
    assert (counts >= min_rows).all()


def test_no_edge_is_a_number_of_a_row() -> None:
    values = np.random.default_rng(0).integers(10**8, 10**9, 3000)
    lattice = Lattice.of_integers(values)
    code = numbers.fit("x", lattice, lattice.ranks(values), np.ones(len(values), np.bool_), 10)
    edges = lattice.values(code.point(code.edges.reshape(-1)))
    assert not np.isin(edges, values).any()
    assert edges.min() > np.sort(values)[8]
    assert edges.max() < np.sort(values)[-8]


def test_numbers_that_repeat_become_atoms_and_the_rest_bins_without_them() -> None:
    generator = np.random.default_rng(1)
    values = np.where(generator.random(4000) < 0.2, 5000, generator.integers(0, 100_000, 4000))
    lattice = Lattice.of_integers(values)
    code = numbers.fit("x", lattice, lattice.ranks(values), np.ones(len(values), np.bool_), 10)
    assert code.atoms.tolist() == lattice.ranks(np.array([5000])).tolist()
    free = np.arange(code.edges[0, 0], code.edges[-1, -1])
    points = code.point(free)
    assert not np.isin(code.atoms, points).any()
    assert np.array_equal(code.free(points), free)


def test_rare_categories_are_left_out_and_missing_is_a_value() -> None:
    values = np.array(["a"] * 30 + ["b"] * 12 + ["only one"] + ["c"] * 20)
    valid = np.ones(len(values), np.bool_)
    valid[:11] = False
    made = column(ColumnType.CATEGORY, values, valid)
    code = categories.fit(made, 10)
    assert code.values == ("c", "a", "b")
    encoded = code.encode(made).codes[:, 0]
    assert encoded[0] == code.tokens[0].size - 1
    assert encoded[42] == UNKNOWN


def test_dates_have_the_days_of_their_month() -> None:
    days = np.arange(np.datetime64("2023-12-01"), np.datetime64("2024-04-01")).astype(np.int32)
    code = dates.fit(column(ColumnType.DATE, np.repeat(days, 3)), 10)
    lengths = {place: int(row.sum()) for place, row in enumerate(np.asarray(code.day.allowed))}
    assert lengths == {0: 31, 1: 31, 2: 29, 3: 31}
    encoded = code.encode(column(ColumnType.DATE, days))
    assert np.array_equal(code.first_days[encoded.contexts[:, -1]] + encoded.codes[:, -1], days)
    monday = np.datetime64("2024-01-01").astype(int) - code.first_days[1]
    assert np.asarray(code.day.classes)[1, monday] == 0


def test_timestamps_before_1970_are_split_downwards() -> None:
    moment = column(ColumnType.TIMESTAMP, np.full(20, -1, np.int64))
    assert dates.split(moment)[0].tolist()[0] == -1
    assert dates.split(moment)[1].tolist()[0] == MICROSECONDS - 1


@pytest.mark.parametrize("missing", [False, True])
def test_groups_hold_every_value_once(missing: bool) -> None:
    generator = np.random.default_rng(0)
    values = np.array([f"v{number}" for number in generator.integers(0, 300, 9000)])
    made = column(ColumnType.CATEGORY, values, generator.random(9000) > 0.1 if missing else None)
    single = categories.fit(made, 5)
    codes = single.encode(made).codes[:, 0].astype(np.int64)
    code = grouped(single, codes, (codes % 7)[:, None])
    assert sorted(code.members[code.members != UNKNOWN].tolist()) == list(range(len(single.values)))
    encoded = code.encode(made).codes
    present = (codes >= 0) & (codes < len(single.values))
    assert np.array_equal(code.members[encoded[present, 0], encoded[present, 1]], codes[present])
    assert (encoded[~present, 1] == UNKNOWN).all()
    assert code.shares.sum() == pytest.approx(1)


def test_groups_hold_values_of_like_rows() -> None:
    codes = np.repeat(np.arange(64), 20)
    generator = np.random.default_rng(0)
    shuffled = generator.permutation(64)
    other = shuffled[codes] % 2
    names = tuple(f"v{number:02}" for number in range(64))
    single = categories.CategoryCode("x", names, missing=False, shares=np.full(64, 1 / 64, np.float32))
    members = grouped(single, codes, other[:, None]).members
    assert all(len(set((shuffled[row] % 2).tolist())) == 1 for row in members)
