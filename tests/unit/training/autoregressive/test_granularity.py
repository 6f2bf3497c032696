"""Columns of mixed granularity: numbers are as round as those of the data, and scores are what is drawn."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.fixtures.token_models import column, random_exact_weights, random_weights

from synthserve_training.models.autoregressive.correction import corrected
from synthserve_training.models.autoregressive.drawing.constraints.orders import Rising, Within
from synthserve_training.models.autoregressive.tokens import fitting
from synthserve_training.models.autoregressive.tokens.cells import LevelCells
from synthserve_training.models.autoregressive.tokens.dates import DateCode
from synthserve_training.models.autoregressive.tokens.lattice import Lattice, Level
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.models.contract import output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedTable

ROWS = 4_000
DRAWN = 30_000
VALUE, VALID = output_name("n"), "valid:n"
FREE = (-np.inf, np.inf)


def rounded(rows: int, shares: Mapping[int, float], seed: int = 0) -> np.ndarray:
    """Integers below 3,000,000, of which shares are multiples of some units; others are so by chance."""
    generator = np.random.default_rng(seed)
    unit = generator.choice(list(shares), rows, p=list(shares.values()))
    values: np.ndarray = generator.integers(0, 3_000_000 // unit) * unit
    return values


def number_code(values: np.ndarray, *, min_rows: int = 10, **options: Any) -> NumberCode:
    kind = options.pop("kind", ColumnType.INTEGER)
    code = fitting.fit(TypedTable([column(kind, values, **options)]), min_rows).columns[0]
    assert isinstance(code, NumberCode)
    return code


def weights_of(code: NumberCode) -> dict[int, float]:
    return {level.every: level.weight for level in code.levels}


def test_weights_are_the_shares_of_the_levels() -> None:
    found = weights_of(number_code(rounded(ROWS, {1: 0.2, 10: 0.5, 100: 0.3})))
    assert found == {
        1: pytest.approx(0.2, abs=0.04),
        10: pytest.approx(0.5, abs=0.04),
        100: pytest.approx(0.3, abs=0.04),
    }
    assert sum(found.values()) == 1
    assert all(weight * 2**10 == round(weight * 2**10) for weight in found.values())


def test_levels_are_those_of_decimals_whatever_the_step() -> None:
    quarters = number_code(rounded(ROWS, {1: 0.4, 4: 0.6}) / 4, kind=ColumnType.DECIMAL)
    assert quarters.lattice == Lattice(0, 1, 4)
    assert set(weights_of(quarters)) >= {1, 4}  # 0.25 and 1


@pytest.mark.parametrize(("rows", "seeds"), [(300, 40), (3_000, 10)])
@pytest.mark.parametrize("decimals", [0, 2])
def test_numbers_that_are_not_rounder_than_by_chance_have_no_levels(rows: int, seeds: int, decimals: int) -> None:
    for seed in range(seeds):
        values = np.round(np.random.default_rng(seed).lognormal(8, 1, rows), decimals)
        assert number_code(values, kind=ColumnType.DECIMAL).levels == ()


def test_zero_is_a_multiple_of_any_power_of_ten() -> None:
    code = number_code(np.repeat(np.arange(41), np.r_[6, np.full(40, 3)]), min_rows=5)
    assert code.drawable(np.zeros(1, np.int64)).all()
    assert not len(code.atoms)
    assert code.levels == ()


def test_no_level_is_of_fewer_than_the_least_rows() -> None:
    values = rounded(500, {1: 0.9, 1000: 0.1})
    assert len(number_code(values, min_rows=5).levels) == 2
    assert number_code(values, min_rows=60).levels == ()


@pytest.mark.parametrize("fine", [1, 2, 8])
def test_weight_of_a_finest_level_of_few_rows_does_not_depend_on_them(fine: int) -> None:
    values = rounded(ROWS, {10: 1.0})
    values[:fine] = 1_234_561 + np.arange(fine) * 10
    assert weights_of(number_code(values))[1] == 2.0**-10


def test_values_of_few_rows_do_not_change_the_levels() -> None:
    """Which numbers the finest ones are, and how many, is not seen."""
    values, others = (rounded(ROWS, {10: 0.6, 100: 0.4}) for _ in range(2))
    values[values == values[7]] += 1
    assert np.count_nonzero(values % 10) < 10
    others[others == others[7]] += 3
    assert number_code(values).levels == number_code(others).levels


def test_moments_have_no_levels() -> None:
    micros = rounded(ROWS, {1: 0.1, 100: 0.9}) // 100 * 1_000_000
    assert number_code(micros, kind=ColumnType.TIME).levels == ()
    code = fitting.fit(TypedTable([column(ColumnType.TIMESTAMP, micros)]), 10).columns[0]
    assert isinstance(code, DateCode)
    assert code.time is not None
    assert code.months.levels == code.time.levels == ()


def test_atoms_are_not_counted() -> None:
    """Round atoms beside fine values are no reason for levels."""
    generator = np.random.default_rng(0)
    values = np.where(generator.random(ROWS) < 0.4, generator.integers(1, 4, ROWS) * 500_000, rounded(ROWS, {1: 1.0}))
    code = number_code(values)
    assert len(code.atoms) == 3
    assert code.levels == ()


def shares_of(edges: np.ndarray) -> np.ndarray:
    """Equal shares of the parts that are not empty."""
    used = np.diff(edges, axis=1) > 0
    shares: np.ndarray = (used / used.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


@st.composite
def codes(draw: st.DrawFn) -> NumberCode:
    """Columns of a few hundred numbers, with atoms in bins, empty parts and parts without a round number."""
    lattice = Lattice(draw(st.sampled_from([0, -130, 40])), draw(st.sampled_from([1, 5, 10])), 10)
    atoms = np.array(sorted(draw(st.sets(st.integers(-40, 260), max_size=12))), np.int64)
    start = draw(st.integers(-40, 20))
    widths = draw(st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=3), min_size=1, max_size=3))
    edges = []
    for bin_widths in widths:
        inner = start + np.cumsum([0, *bin_widths])
        edges.append(np.r_[inner, np.full(3 - len(bin_widths), inner[-1])])
        start = int(inner[-1])
    found = [Level(0, 1, 0.0)]
    for exponent in range(1, 4):
        multiples = lattice.multiples(exponent)
        assert multiples is not None
        if multiples[1] > found[-1].every:
            found.append(Level(*multiples, 0.0))
    shares = draw(st.lists(st.integers(1, 200), min_size=len(found) - 1, max_size=len(found) - 1))
    weights = [2**10 - sum(shares), *shares]
    levels = tuple(Level(each.first, each.every, weight / 2**10) for each, weight in zip(found, weights, strict=True))
    missing = draw(st.booleans())
    cells = len(atoms) + len(edges)
    return NumberCode(
        "n",
        lattice,
        atoms,
        np.array(edges, np.int64),
        np.zeros(len(edges), np.bool_),
        missing,
        np.full(cells + missing, 1 / (cells + missing), np.float32),
        shares_of(np.array(edges)),
        levels=levels,
    )


def crowded() -> NumberCode:
    """A column with many atoms on all levels of its bins, in which a part has no number of the coarsest level."""
    edges = np.array([[0, 60, 75, 130], [130, 190, 190, 190]])
    return NumberCode(
        "n",
        Lattice(0, 5, 10),
        np.array([4, 5, 6, 20, 22, 40, 41, 42, 60, 100, 101, 120]),
        edges,
        np.zeros(2, np.bool_),
        False,
        np.full(14, 1 / 14, np.float32),
        shares_of(edges),
        levels=(Level(0, 1, 0.25), Level(0, 2, 0.25), Level(0, 20, 0.375), Level(0, 200, 0.125)),
    )


def model_of(code: NumberCode, seed: int = 0, *, exact: bool = False) -> TableModel:
    make = random_exact_weights if exact else random_weights
    options = ColumnOptions(name="n", type=ColumnType.DECIMAL)
    return TableModel([options], TableCode(("n",), (code,)), make(code.tokens, seed=seed), {})


def drawn(model: TableModel, count: int, within: tuple[float, float] = FREE, seed: int = 0) -> dict[str, np.ndarray]:
    graph = model.graph()
    shape = graph.inputs[0].noise.shape
    noise = (np.random.default_rng(seed).integers(0, 2**24, (count, *shape)) / 2**24).astype(np.float32)
    return evaluate(graph.model, {"noise": noise, "condition:n": np.array([within])})


def scores(model: TableModel, values: np.ndarray) -> np.ndarray:
    """Of values that are not missing."""
    scoring = model.scoring_graph()
    assert scoring is not None
    valid = {VALID: np.ones(len(values), np.bool_)}
    known = {VALUE: values} | (valid if model.code.columns[0].missing else {})
    return evaluate(scoring.model, known)["score"]


def like_the_data(code: NumberCode, values: np.ndarray) -> TableModel:
    """A model whose cells and parts have the shares of the data."""
    model = model_of(code)
    encoded = code.encode(column(ColumnType.DECIMAL, values))
    return replace(model, weights=corrected(model.code, model.weights, encoded, seed=0, count=20_000))


def drawable(code: NumberCode) -> np.ndarray:
    ranks = np.arange(-100, 700)
    return code.lattice.values(ranks[code.drawable(ranks)])


@given(code=codes(), seed=st.integers(0, 100))
@example(code=crowded(), seed=0)
@settings(max_examples=15, deadline=None)
def test_probabilities_of_all_numbers_add_up_to_one(code: NumberCode, seed: int) -> None:
    model = model_of(code, seed)
    total = np.exp(scores(model, drawable(code))).sum()
    if code.missing:
        scoring = model.scoring_graph()
        assert scoring is not None
        total += np.exp(evaluate(scoring.model, {VALUE: np.zeros(1), VALID: np.zeros(1, np.bool_)})["score"][0])
    assert total == pytest.approx(1, abs=1e-5)


def counts_of(values: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """How often each possible value occurs."""
    found, counts = np.unique(values, return_counts=True)
    order = np.argsort(possible)
    result = np.zeros(len(possible), np.int64)
    result[order[np.searchsorted(possible[order], found)]] = counts
    return result


def agree(counts: np.ndarray, expected: np.ndarray) -> bool:
    """Whether counts are those that are expected, by a chi-square statistic within six standard deviations."""
    often = expected >= 10
    counts = np.r_[counts[often], counts[~often].sum()]
    expected = np.r_[expected[often], expected[~often].sum()]
    statistic = ((counts - expected) ** 2 / np.maximum(expected, 5)).sum()
    return bool(statistic < len(counts) + 6 * np.sqrt(2 * len(counts)) + 10)


@given(code=codes(), exact=st.booleans())
@example(code=crowded(), exact=True)
@settings(max_examples=8, deadline=None)
def test_numbers_are_drawn_as_often_as_their_scores_say(code: NumberCode, exact: bool) -> None:
    model = model_of(code, exact=exact)
    rows = drawn(model, DRAWN)
    values = rows[VALUE][rows.get(VALID, np.ones(DRAWN, np.bool_))]
    possible = drawable(code)
    assert np.isin(values, possible).all()
    assert agree(counts_of(values, possible), np.exp(scores(model, possible)) * DRAWN)


@given(code=codes(), place=st.integers(0, 10**6), width=st.integers(0, 60))
@example(code=crowded(), place=20, width=60)
@settings(max_examples=15, deadline=None)
def test_conditions_hold_and_leave_the_levels(code: NumberCode, place: int, width: int) -> None:
    """Within a range all of its numbers can be drawn, and nothing else is."""
    possible = drawable(code)
    first = place % len(possible)
    low, high = possible[first], possible[min(first + width, len(possible) - 1)]
    rows = drawn(model_of(code), 500, (low, high))
    assert (rows[VALUE] >= low).all()
    assert (rows[VALUE] <= high).all()
    assert np.isin(rows[VALUE], possible).all()
    if code.missing:
        assert rows[VALID].all()
        assert not drawn(model_of(code), 50, (np.nan, np.nan))[VALID].any()


def test_condition_within_a_part_draws_each_level_by_its_weight() -> None:
    """11 to 49 has 39 integers, of which 20 is an atom; 30 and 40 are the multiples of ten, and none is one of 100."""
    levels = (Level(0, 1, 0.25), Level(0, 10, 0.5), Level(0, 100, 0.25))
    code = NumberCode(
        "n",
        Lattice(0, 1, 1),
        np.array([20]),
        np.array([[0, 200]]),
        np.zeros(1, np.bool_),
        False,
        np.array([0.1, 0.9], np.float32),
        np.ones((1, 1), np.float32),
        levels=levels,
    )
    values = drawn(model_of(code), DRAWN, (11.0, 49.0))[VALUE]
    counts = np.bincount(values[values != 20].astype(int), minlength=50)[11:]
    chance = np.full(39, 0.25 / 38)
    chance[[19, 29]] += 0.75 / 2
    chance[9] = 0
    assert agree(counts, chance * counts.sum())


def test_rows_do_not_depend_on_the_batch() -> None:
    code = number_code(rounded(ROWS, {1: 0.2, 10: 0.5, 100: 0.3}), name="n")
    graph = model_of(code, exact=True).graph()
    noise = np.random.default_rng(0).integers(0, 2**24, (300, *graph.inputs[0].noise.shape)) / 2**24
    told = {"condition:n": np.array([[512.0, 2_000_000.0]])}
    whole = evaluate(graph.model, {"noise": noise.astype(np.float32), **told})[VALUE]
    for start, stop in ((0, 1), (1, 17), (17, 300)):
        part = evaluate(graph.model, {"noise": noise[start:stop].astype(np.float32), **told})[VALUE]
        assert np.array_equal(part, whole[start:stop])


def test_drawn_numbers_are_as_round_as_those_of_the_data() -> None:
    real = rounded(ROWS, {1: 0.1, 100: 0.6, 1000: 0.3}) / 100
    code = number_code(real, kind=ColumnType.DECIMAL, name="n")
    made = drawn(like_the_data(code, real), DRAWN)[VALUE]
    for unit in (10, 100, 1000):
        shares = [np.mean(np.rint(values * 100) % unit == 0) for values in (real, made)]
        assert shares[1] == pytest.approx(shares[0], abs=0.05)


def test_levels_skip_the_atoms_on_them() -> None:
    level = Level(3, 10, 0.5)
    code = number_code(rounded(ROWS, {1: 1.0}))
    atoms = np.array([13, 14, 33])
    edges = np.array([[0, 12, 30, 97]])  # free ranks: 0 to 11, 12 to 31 and 32 to 99 without the atoms
    cells = LevelCells(replace(code, atoms=atoms, edges=edges), level)
    assert cells.atoms.tolist() == [1, 3]
    assert (cells.high - cells.low).max(axis=0).tolist() == [1, 1, 6]


@given(code=codes(), place=st.integers(0, 10**6), width=st.integers(0, 80), exact=st.booleans())
@example(code=crowded(), place=30, width=90, exact=True)
@settings(max_examples=8, deadline=None)
def test_numbers_within_limits_are_drawn_as_often_as_their_scores_say(
    code: NumberCode, place: int, width: int, exact: bool
) -> None:
    possible = drawable(code)
    first = place % len(possible)
    kept = possible[first : first + width + 1]
    low, high = (int(np.rint(end * code.lattice.scale)) for end in (kept[0], kept[-1]))
    model = replace(model_of(code, exact=exact), constraints=[Within("limits", ("n",), low, high)])
    rows = drawn(model, DRAWN)
    values = rows[VALUE][rows.get(VALID, np.ones(DRAWN, np.bool_))]
    assert np.isin(values, kept).all()
    expected = np.exp(scores(model, kept))
    if not code.missing:
        assert expected.sum() == pytest.approx(1, abs=1e-5)
    assert agree(counts_of(values, kept), expected * DRAWN)


@given(first=codes(), second=codes())
@example(first=crowded(), second=crowded())
@settings(max_examples=6, deadline=None)
def test_rows_in_order_are_drawn_as_often_as_their_scores_say(first: NumberCode, second: NumberCode) -> None:
    """Each row has limits of its own."""
    codes = [
        replace(each, name=name, missing=False, shares=each.shares[: len(each.order)])
        for each, name in ((first, "first"), (second, "second"))
    ]
    lows = [drawable(each) for each in codes]
    if lows[0][0] > lows[1][-1]:
        codes, lows = [replace(codes[1], name="first"), replace(codes[0], name="second")], lows[::-1]
    code = TableCode(("first", "second"), tuple(codes))
    options = [ColumnOptions(name=name, type=ColumnType.DECIMAL) for name in code.names]
    model = TableModel(
        options,
        code,
        random_weights(code.tokens),
        {},
        constraints=[Rising("first <= second", code.names, strict=False)],
    )
    graph = model.graph()
    noise = np.random.default_rng(0).integers(0, 2**24, (DRAWN, *graph.inputs[0].noise.shape)) / 2**24
    told = {f"condition:{name}": np.array([FREE]) for name in code.names}
    rows = evaluate(graph.model, {"noise": noise.astype(np.float32), **told})
    made = np.stack([rows[output_name(name)] for name in code.names], axis=1)
    assert (made[:, 0] <= made[:, 1]).all()
    assert all(np.isin(made[:, place], lows[place]).all() for place in range(2))
    pairs = np.stack(np.meshgrid(*lows, indexing="ij"), axis=-1).reshape(-1, 2)
    pairs = pairs[pairs[:, 0] <= pairs[:, 1]]
    scoring = model.scoring_graph()
    assert scoring is not None
    found = evaluate(scoring.model, {output_name(name): pairs[:, place] for place, name in enumerate(code.names)})
    chances = np.exp(found["score"])
    assert chances.sum() == pytest.approx(1, abs=2e-5)
    assert agree(counts_of(made @ [1, 1e4], pairs @ [1, 1e4]), chances * DRAWN)
