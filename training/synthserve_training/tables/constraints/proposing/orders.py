"""Proposes that the values of a column are never above those of another one."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import Order
from synthserve_training.tables.constraints.proposing.evidence import ENOUGH, Proposal, Sample, exact, share
from synthserve_training.tables.typed import TypedColumn

_GROUPS = (
    (ColumnType.INTEGER, ColumnType.DECIMAL),
    (ColumnType.DATE,),
    (ColumnType.TIMESTAMP,),
    (ColumnType.TIME,),
)
_OVERLAP = 0.05
"""The least share of violations among values that are paired at random: else the ranges hardly overlap."""


def proposals(sample: Sample) -> Iterator[Proposal]:
    """Proposes orders of two columns of one type and unit, without those that follow from others."""
    for group in _GROUPS:
        columns = list(sample.of_type(*group))
        units = {column.options.unit for column, _ in columns}
        for unit in sorted(units):
            same = [(column, few) for column, few in columns if column.options.unit == unit]
            yield from _reduced(sample, same)


def _reduced(sample: Sample, columns: list[tuple[TypedColumn, TypedColumn]]) -> Iterator[Proposal]:
    found: dict[tuple[str, str], Proposal] = {}
    for first, few in columns:
        for second, other_few in columns:
            if first is second or not _holds(few, other_few):
                continue
            proposal = _proposal(sample, first, second)
            if proposal is not None:
                found[first.options.name, second.options.name] = proposal
    between = {each for pair in found for each in pair}
    for (first_name, second_name), proposal in found.items():
        if not any((first_name, middle) in found and (middle, second_name) in found for middle in between):
            yield proposal


def _holds(first: TypedColumn, second: TypedColumn) -> bool:
    both = first.valid & second.valid
    return bool((first.values[both] <= second.values[both]).all())


def _proposal(sample: Sample, first: TypedColumn, second: TypedColumn) -> Proposal | None:
    if not _holds(first, second):
        return None
    both = first.valid & second.valid
    rows = int(both.sum())
    if rows == 0 or not exact([first, second]):
        return None
    low, high = first.values[both], second.values[both]
    other = _unpaired(sample, high, both)
    wrong = float((low > other).mean())
    if wrong < _OVERLAP or -rows * np.log1p(-min(wrong, 1 - 1e-12)) < ENOUGH or bool((low == high).all()):
        return None
    never_equal = not bool((low == high).any())
    strict = never_equal and float((low == other).mean()) * rows >= ENOUGH
    evidence = f"in all of {rows:,} rows; {share(int((low > other).sum()), rows)} of random pairs violate it"
    return Proposal(Order(columns=(first.options.name, second.options.name), strict=strict), evidence)


def _unpaired(sample: Sample, values: NDArray[np.generic], rows: NDArray[np.bool_]) -> NDArray[np.generic]:
    """The values in another order."""
    places = np.flatnonzero(rows[sample.shuffled])
    rank = np.cumsum(rows) - 1
    return np.asarray(values[rank[sample.shuffled[places]]])
