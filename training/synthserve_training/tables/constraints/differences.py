"""Finds columns of dates and timestamps that are better drawn as differences from an earlier one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import dates, differences
from synthserve_training.models.autoregressive.tokens.dates import MICROSECONDS
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import Constraint, Order, Range
from synthserve_training.tables.constraints.planning import MOMENTS
from synthserve_training.tables.typed import TypedColumn, TypedTable

_NARROW = 0.25
"""Differences spread over at most this share of what the values spread over: else the start says little of the end."""

_CENTRAL = (0.05, 0.95)
_LAST_DAY = 2_932_896 - 366
"""A year before the end of year 9999, in days since 1970-01-01."""


def with_differences(code: TableCode, constraints: Sequence[Constraint], table: TypedTable, min_rows: int) -> TableCode:
    """Counts the ends of orders such as `start <= end` from their starts where that is better.

    Args:
        code: The tokens of the drawn columns.
        constraints: What is to hold.
        table: The training rows, which keep all constraints.
        min_rows: Differences of fewer rows are not published.
    """
    columns = dict(zip(code.names, code.columns, strict=True))
    for start, end in pairs(code, constraints, table):
        found = differences.fit(table[start], table[end], columns[start], min_rows)
        if found.tokens[0].size > found.missing:
            columns[end] = found
    return TableCode(code.names, [columns[name] for name in code.names])


def pairs(code: TableCode, constraints: Sequence[Constraint], table: TypedTable) -> Iterator[tuple[str, str]]:
    """The columns that are better drawn as differences, behind those that they are counted from.

    All other columns that are not to be above the end must not be above the start either: else a start could be drawn
    from which no difference leads to an end.
    """
    moments = [name for name in code.names if table[name].options.type in MOMENTS]
    chains = ([name for name in each.columns if name in moments] for each in constraints if isinstance(each, Order))
    orders = [chain for chain in chains if chain]
    others = [each for each in constraints if not isinstance(each, Order | Range)]
    before: dict[str, set[str]] = {name: set() for name in moments}
    for _ in moments:  # orders follow from orders
        for chain in orders:
            for earlier, later in pairwise(chain):
                before[later] |= {earlier, *before[earlier]}
    direct = {name: {one for chain in orders for one, other in pairwise(chain) if other == name} for name in moments}
    for end in sorted(moments, key=lambda name: len(before[name])):
        starts = [start for start in direct[end] if before[end] <= {start, *before[start]}]
        # Where the start is missing, so is the end: another constraint must not ask for it.
        asked = any(end in each.names for each in others)
        if len(starts) == 1 and _fits(table[starts[0]], table[end], nullable=not asked):
            yield starts[0], end


def _fits(start: TypedColumn, end: TypedColumn, *, nullable: bool) -> bool:
    kind = end.options.type
    if start.options.type is not kind:
        return False
    found = differences.differences(start, end)
    follows = (start.valid | ~end.valid) if nullable else start.valid
    if not found.valid.any() or not follows.all():
        return False
    day = 1 if kind is ColumnType.DATE else MICROSECONDS
    if int(start.values[start.valid].max()) // day + int(found.values[found.valid].max()) // day > _LAST_DAY:
        return False
    taken = found.values[found.valid]
    if _spread(taken) > _NARROW * _spread(end.values[end.valid]):
        return False
    return _entropy(taken) < _own_entropy(start, end, found.valid)


def _own_entropy(start: TypedColumn, end: TypedColumn, rows: NDArray[np.bool_]) -> float:
    """The entropy of an end as the months from its start, its day and its time: all ends can be on the first."""
    (of_start, _), (days, times) = (dates.split(each) for each in (start, end))
    months = dates.month_of(days)
    apart = months - dates.month_of(of_start)
    return sum(_entropy(each[rows]) for each in (apart, days - dates.first_day(months), times))


def _entropy(values: NDArray[np.generic]) -> float:
    """The entropy of the empirical distribution, in bits."""
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log2(shares)).sum())


def _spread(values: NDArray[np.generic]) -> float:
    low, high = np.quantile(values.astype(np.float64), _CENTRAL)
    return float(high - low)
