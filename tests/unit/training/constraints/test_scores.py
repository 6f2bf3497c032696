"""The probabilities of rows of models with constraints: they add up to 1, and are those of the drawing."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from tests.fixtures.constrained import ConstrainedModel
from tests.fixtures.token_models import column

from synthserve_core.contract.model import Validity
from synthserve_training.models.autoregressive.tokens.dates import DateCode
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.contract import output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import (
    Combinations,
    Constraint,
    Dependency,
    Implication,
    OneHot,
    Order,
    Range,
    Side,
    Sum,
)
from synthserve_training.tables.typed import TypedColumn, TypedTable

REAL, DRAWN = 1_000, 20_000
HOUR, DAY = 3_600_000_000, 86_400_000_000
INTEGER, DECIMAL, CATEGORY, BOOLEAN = ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.CATEGORY, ColumnType.BOOLEAN

Rows = Mapping[str, np.ndarray]
"""Values by the name of the column, masked where they are missing."""


@dataclass(frozen=True)
class Case:
    """A table with constraints, and a second opinion on which rows keep them."""

    columns: list[TypedColumn]
    constraints: list[Constraint]
    keeps: Callable[[Rows], np.ndarray]


def order_of_numbers(g: np.random.Generator) -> Case:
    first = np.where(g.random(REAL) < 0.3, 40, g.integers(0, 90, REAL))
    second = first + g.integers(0, 40, REAL)
    valid = g.random(REAL) < 0.8
    columns = [column(INTEGER, second, valid, name="second"), column(INTEGER, first, name="first")]
    return Case(
        columns,
        [Order(columns=("first", "second"), strict=True)],
        lambda rows: np.ma.filled(rows["first"] < rows["second"], True),
    )


def order_of_units(g: np.random.Generator) -> Case:
    whole = g.integers(0, 9, REAL)
    tenths = np.round(whole + g.integers(0, 12, REAL) / 10, 1)
    columns = [column(DECIMAL, tenths, name="later", decimals=1), column(INTEGER, whole, name="earlier")]
    return Case(columns, [Order(columns=("earlier", "later"))], lambda rows: rows["earlier"] <= rows["later"] + 1e-9)


def order_of_dates(g: np.random.Generator) -> Case:
    start = 18_250 + g.integers(0, 40, REAL)
    columns = [
        column(ColumnType.DATE, (start + g.integers(0, 20, REAL)).astype(np.int32), name="end"),
        column(ColumnType.DATE, start.astype(np.int32), name="start"),
    ]
    return Case(columns, [Order(columns=("start", "end"))], lambda rows: rows["start"] <= rows["end"])


def differences_of_dates(g: np.random.Generator) -> Case:
    start = 18_262 + g.integers(0, 30, REAL)
    second = start + np.where(g.random(REAL) < 0.02, 9, g.integers(0, 6, REAL))
    third = second + g.integers(0, 3, REAL)
    valid = g.random(REAL) < 0.9
    columns = [
        column(ColumnType.DATE, each.astype(np.int32), known, name=name)
        for name, each, known in (("third", third, valid & (g.random(REAL) < 0.9)), ("second", second, valid))
    ]
    columns.append(column(ColumnType.DATE, start.astype(np.int32), name="first"))
    return Case(
        columns,
        [Order(columns=("first", "second")), Order(columns=("second", "third"))],
        lambda rows: (
            np.ma.filled((rows["second"] - rows["first"] >= 0) & (rows["second"] - rows["first"] <= 9), True)
            & np.ma.filled((rows["third"] - rows["second"] >= 0) & (rows["third"] - rows["second"] <= 2), True)
            & ~(np.ma.getmaskarray(rows["second"]) & ~np.ma.getmaskarray(rows["third"]))
        ),
    )


def order_of_timestamps(g: np.random.Generator) -> Case:
    """After 17:00 the second one has no time of its own on the same day: it is drawn as the first one."""
    day = 18_000 + g.integers(0, 5, REAL)
    first = day * DAY + g.choice([8, 17], REAL) * HOUR
    second = (day + g.integers(1, 3, REAL)) * DAY + g.choice([9, 12, 13], REAL) * HOUR
    columns = [column(ColumnType.TIMESTAMP, second, name="second"), column(ColumnType.TIMESTAMP, first, name="first")]

    def keeps(rows: Rows) -> np.ndarray:
        own = np.isin(rows["first"] // HOUR % 24, [8, 17]) & np.isin(rows["second"] // HOUR % 24, [9, 12, 13])
        same = (rows["first"] == rows["second"]) & (rows["first"] // HOUR % 24 == 17)
        return np.asarray(same | (own & (rows["first"] <= rows["second"])))

    return Case(columns, [Order(columns=("first", "second"))], keeps)


def ranges(g: np.random.Generator) -> Case:
    columns = [column(INTEGER, g.integers(-30, 130, REAL), g.random(REAL) < 0.9, name="age")]
    return Case(
        columns,
        [Range(column="age", low=0, high=99)],
        lambda rows: np.ma.filled((rows["age"] >= 0) & (rows["age"] <= 99), True),
    )


def combinations(g: np.random.Generator) -> Case:
    x = g.integers(0, 4, REAL)
    y = (x + g.integers(0, 2, REAL)) % 4
    z = (y + g.integers(0, 2, REAL)) % 3
    names = np.array(["p", "q", "r", "s"])
    known = {(names[a], names[b], names[c]) for a, b, c in zip(x, y, z, strict=True)}
    columns = [column(CATEGORY, names[codes], name=name) for name, codes in (("x", x), ("y", y), ("z", z))]
    return Case(
        columns,
        [Combinations(columns=("x", "y", "z"))],
        lambda rows: np.array([row in known for row in zip(rows["x"], rows["y"], rows["z"], strict=True)]),
    )


def implications(g: np.random.Generator) -> Case:
    kind = np.array(["a", "b", "c"])[g.integers(0, 3, REAL)]
    columns = [
        column(INTEGER, g.integers(0, 20, REAL), (kind != "a") & ((kind == "c") | (g.random(REAL) < 0.7)), name="n"),
        column(CATEGORY, kind, name="kind"),
    ]
    constraints: list[Constraint] = [
        Implication(when=Side(column="kind", values=("a",)), then=Side(column="n", missing=True)),
        Implication(when=Side(column="kind", values=("c",)), then=Side(column="n")),
    ]
    return Case(
        columns,
        constraints,
        lambda rows: np.where(
            rows["kind"] == "b", True, np.ma.getmaskarray(rows["n"]) == (rows["kind"] == "a").astype(bool)
        ),
    )


def one_hot(g: np.random.Generator) -> Case:
    which = g.integers(0, 3, REAL)
    names = ("red", "green", "blue")
    columns = [column(BOOLEAN, which == place, name=name) for place, name in enumerate(names)]
    return Case(
        columns, [OneHot(columns=names)], lambda rows: np.sum([rows[name].astype(int) for name in names], axis=0) == 1
    )


def sums(g: np.random.Generator) -> Case:
    a, b, c = (g.integers(0, 12, REAL) for _ in range(3))
    columns = [
        column(INTEGER, a, name="a"),
        column(INTEGER, b, name="b"),
        column(INTEGER, c, name="c"),
        column(INTEGER, a + b + c, name="total"),
    ]
    return Case(
        columns, [Sum(parts=("a", "b", "c"), total="total")], lambda rows: rows["a"] + rows["b"] <= rows["total"]
    )


def dependencies(g: np.random.Generator) -> Case:
    key = g.integers(0, 5, REAL)
    names = np.array(["p", "q", "r", "s", "t"])
    columns = [
        column(CATEGORY, names[key // 2], name="group"),
        column(CATEGORY, names[key], name="key"),
        column(BOOLEAN, g.random(REAL) < 0.4, name="flag"),
    ]
    return Case(columns, [Dependency(key="key", column="group")], lambda rows: np.ones(len(rows["key"]), np.bool_))


CASES = [
    order_of_numbers,
    order_of_units,
    order_of_dates,
    differences_of_dates,
    order_of_timestamps,
    ranges,
    combinations,
    implications,
    one_hot,
    sums,
    dependencies,
]


@cache
def made(build: Callable[[np.random.Generator], Case], *, exact: bool = False) -> tuple[Case, ConstrainedModel]:
    case = build(np.random.default_rng(7))
    return case, ConstrainedModel(TypedTable(case.columns), case.constraints, exact=exact)


def scores(model: ConstrainedModel, rows: Mapping[str, np.ndarray]) -> np.ndarray:
    scoring = model.model.scoring_graph()
    assert scoring is not None
    return evaluate(scoring.model, {one.name: rows[one.name] for one in scoring.inputs})["score"]


def possible(model: ConstrainedModel, name: str) -> list[object]:
    """The values that can be drawn of a column, at least; None: missing."""
    code = model.model.code.columns[model.model.code.names.index(name)]
    schema = next(each for each in model.graph.schema.columns if each.name == name)
    real = model.fitted.table[name]
    if isinstance(code, NumberCode):
        units = np.arange(np.rint(real.values.min() * code.lattice.scale), real.values.max() * code.lattice.scale + 1)
        values = units / code.lattice.scale
        found = values[code.drawable(code.lattice.ranks(values))].tolist()
    elif real.options.type is CATEGORY:
        found = list(range(len(schema.categories)))
    elif real.options.type is BOOLEAN:
        found = [False, True]
    elif isinstance(code, DifferenceCode):
        start, (least, most) = possible(model, code.start), code.extent
        days = [day for day in start if isinstance(day, int | np.integer)]
        found = list(range(min(days) + least, max(days) + most + 1))
    else:
        assert isinstance(code, DateCode)
        found = list(range(code.first_days[0], code.first_days[-1] + code.lengths[-1]))
        if code.time is not None:
            found = [day * DAY + hour * HOUR for day in found for hour in (8, 9, 12, 13, 17)]
    return [*found, None] if schema.nullable else found


def enumerated(model: ConstrainedModel) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """All rows of values that can be drawn: as the graph takes them, and as `Case.keeps` does."""
    names = model.model.code.names
    feeds, rows = {}, {}
    for name, values in zip(
        names, zip(*itertools.product(*(possible(model, name) for name in names)), strict=True), strict=True
    ):
        schema = next(each for each in model.graph.schema.columns if each.name == name)
        real = model.fitted.table[name]
        missing = np.array([value is None for value in values])
        filled = np.array([0 if value is None else value for value in values])
        kind = {CATEGORY: np.int32, DECIMAL: np.float64}.get(real.options.type, real.values.dtype)
        feeds[output_name(name)] = filled.astype(kind)
        if schema.nullable:
            feeds[output_name(Validity(name))] = ~missing
        shown = np.array(schema.categories)[filled.astype(int)] if real.options.type is CATEGORY else filled
        rows[name] = np.ma.masked_array(shown, missing) if missing.any() else shown
    return feeds, rows


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_probabilities_of_all_rows_that_keep_constraints_add_up_to_one(
    build: Callable[[np.random.Generator], Case], exact: bool
) -> None:
    case, model = made(build, exact=exact)
    feeds, rows = enumerated(model)
    found, kept = scores(model, feeds), np.asarray(case.keeps(rows), np.bool_)
    assert np.isfinite(found).all()
    assert np.exp(found[kept]).sum() == pytest.approx(1, abs=2e-5)


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_rows_are_drawn_as_often_as_their_probabilities_say(build: Callable[[np.random.Generator], Case]) -> None:
    _, model = made(build)
    outputs = model.outputs(model.noise(DRAWN), {})
    scoring = model.model.scoring_graph()
    assert scoring is not None
    table = np.stack([outputs[one.name].astype(np.float64) for one in scoring.inputs], axis=1)
    for place, one in enumerate(scoring.inputs):  # what a missing value holds means nothing
        if (valid := f"valid:{one.data.column}") in outputs and one.data.column:
            table[:, place] *= outputs[valid]
    _, first, counts = np.unique(table, axis=0, return_index=True, return_counts=True)
    expected = np.exp(scores(model, {name: values[first] for name, values in outputs.items()})) * DRAWN
    often = expected >= 10
    assert often.sum() > 1
    statistic = ((counts[often] - expected[often]) ** 2 / expected[often]).sum()
    assert statistic < often.sum() + 6 * np.sqrt(2 * often.sum()) + 10
    rare, seen = DRAWN - expected[often].sum(), DRAWN - counts[often].sum()
    assert abs(rare - seen) < 6 * np.sqrt(max(rare, 1)) + 5


@pytest.mark.parametrize(
    "build", [each for each in CASES if each not in (ranges, dependencies)], ids=lambda build: build.__name__
)
def test_row_that_violates_a_constraint_has_a_finite_floor(build: Callable[[np.random.Generator], Case]) -> None:
    case, model = made(build)
    feeds, rows = enumerated(model)
    violated = ~np.asarray(case.keeps(rows), np.bool_)
    assert violated.any()
    found = scores(model, {name: values[violated] for name, values in feeds.items()})
    assert np.isfinite(found).all()
    # No training row has such a value: the floor is half a row's share, at most, times the rest of the row.
    assert (found <= np.log(0.5 / (len(model.fitted.table) + 1)) + 1e-6).all()
