"""Constraints that share columns: conditions are met or refused, and rows do not depend on their batch."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.fixtures.constrained import REAL, ConstrainedModel, category, check, generator, numbers, span

from synthserve_training.tables.constraints.kinds import Combinations, Constraint, Implication, Order, Side
from synthserve_training.tables.typed import TypedColumn, TypedTable


def entangled() -> ConstrainedModel:
    g = generator()
    kind = g.integers(0, 3, REAL)
    low = g.integers(0, 50, REAL)
    high = low + g.integers(0, 50, REAL)
    table = TypedTable(
        [
            numbers("high", high, kind != 0),
            numbers("low", low, kind != 1),
            category("kind", kind),
            category("sub", kind + g.integers(0, 2, REAL)),
            category("other", g.integers(0, 3, REAL)),
        ]
    )
    constraints: list[Constraint] = [
        Order(columns=("low", "high")),
        Implication(when=Side(column="kind", values=("a",)), then=Side(column="high", missing=True)),
        Implication(when=Side(column="kind", values=("c",)), then=Side(column="high")),
        Implication(when=Side(column="kind", values=("b",)), then=Side(column="low", missing=True)),
        Implication(when=Side(column="kind", values=("c",)), then=Side(column="low")),
        Combinations(columns=("kind", "sub")),
    ]
    return ConstrainedModel(table, constraints, min_rows=1)


_ENTANGLED = entangled()


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_conditions_are_met_or_refused(data: st.DataObject) -> None:
    draw = data.draw
    conditions = {}
    ends = st.sampled_from([-np.inf, 5.0, 20.0, 45.0, 80.0, np.inf])
    for name in ("low", "high"):
        low, high = draw(ends), draw(ends)
        assume(low <= high and low < np.inf and high > -np.inf)
        conditions[name] = draw(st.sampled_from([span(low, high), span(np.nan, np.nan), span(-np.inf, np.inf)]))
    for name, count in (("kind", 3), ("sub", 4)):
        conditions[name] = np.array([draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))])
    try:
        rows = _ENTANGLED.rows(500, seed=draw(st.integers(0, 9)), **conditions)
    except Exception as error:
        assert "refuse: " in str(error)  # noqa: PT017 - onnxruntime's errors share no base class
        real = _ENTANGLED.fitted.table
        good = np.ones(len(real), np.bool_)
        for name in ("low", "high"):
            good &= _meets(real[name], conditions[name])
        for name in ("kind", "sub"):
            place = [each.name for each in _ENTANGLED.graph.schema.columns].index(name)
            allowed = np.array(_ENTANGLED.graph.schema.columns[place].categories)[conditions[name][0]]
            good &= np.isin(np.array(real[name].texts)[real[name].values], allowed)
        assert not good.any()
        return
    check(_ENTANGLED, rows)
    for name in ("low", "high"):
        assert _meets(rows[name], conditions[name]).all()


def _meets(values: TypedColumn, condition: np.ndarray) -> np.ndarray:
    low, high = condition[0]
    if np.isnan(low):
        return ~values.valid
    if np.isinf(low) and np.isinf(high):
        return np.ones(len(values), np.bool_)
    return np.asarray(values.valid & (values.values >= low) & (values.values <= high))


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1_000_000), st.integers(1, 255))
def test_rows_do_not_depend_on_their_batch(seed: int, cut: int) -> None:
    noise = _ENTANGLED.noise(256, seed)
    whole = _ENTANGLED.outputs(noise, {})
    for part in (slice(0, cut), slice(cut, None)):
        for name, values in _ENTANGLED.outputs(noise[part], {}).items():
            assert np.array_equal(values, whole[name][part]), name
