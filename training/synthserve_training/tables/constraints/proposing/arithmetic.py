"""Proposes formulas and sums: what a column of numbers is computed from."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.checking import decimals
from synthserve_training.tables.constraints.kinds import Constraint, Formula, Sum
from synthserve_training.tables.constraints.proposing.evidence import Proposal, Sample, exact
from synthserve_training.tables.typed import TypedColumn

_MOST_NUMBERS = 60
_FEWEST_ROWS, _FEWEST_VALUES = 30, 5
_TELLING_ROWS = 8
_DIGITS = 9
_UNITS = (24, 60, 100, 1000, 3600)
"""How many of a smaller unit a larger one has: `100 * hour + minute`."""

_PARTS_OF_DATES = ("year", "month", "day", "hour", "minute", "weekday")


@dataclass(frozen=True, eq=False)
class _Number:
    """A column of numbers that vary.

    Attributes:
        name: Its name.
        written: Its name in a formula.
        few: Some of its values.
        valid: Where they are.
        place: Of the column in the table.
        step: Half of what its last decimal is worth.
        distinct: How many values `few` has.
    """

    name: str
    written: str
    few: NDArray[np.float64]
    valid: NDArray[np.bool_]
    place: int
    step: float
    distinct: int


@dataclass(frozen=True)
class _Numbers:
    """All columns of numbers, and the rows with the most values other than 0: most candidates differ in them.

    Attributes:
        columns: The columns.
        rows: Indices of the rows, [rows].
        few: The values in them, [columns, rows].
        valid: Where these are, [columns, rows].
        steps: `_Number.step` of each column, [columns, 1].
    """

    columns: list[_Number]
    rows: NDArray[np.int64]
    few: NDArray[np.float64]
    valid: NDArray[np.bool_]
    steps: NDArray[np.float64]

    @classmethod
    def of(cls, columns: list[_Number]) -> "_Numbers":
        """Takes columns, at least one."""
        few, valid = np.stack([each.few for each in columns]), np.stack([each.valid for each in columns])
        rows = np.argsort(-(valid & (few != 0)).sum(axis=0), kind="stable")[:_TELLING_ROWS]
        return cls(columns, rows, few[:, rows], valid[:, rows], np.array([[each.step] for each in columns]))

    def equal(self, values: NDArray[np.float64], valid: NDArray[np.bool_]) -> Iterator[_Number]:
        """The columns that have some values but for rounding, and are missing where these are."""
        here, known = values[self.rows], valid[self.rows]
        close = np.abs(self.few - here) <= self.steps + 1e-9 * np.abs(here)
        for place in np.flatnonzero(((self.valid == known) & (close | ~known)).all(axis=1)):
            if _fits(self.columns[place], values, valid):
                yield self.columns[place]


def proposals(sample: Sample) -> Iterator[Proposal]:
    """Proposes parts of dates, multiples, sums, differences, products and ratios."""
    if len(sample.table) < _FEWEST_ROWS:
        return
    numbers = [
        _number(few, place)
        for place, (column, few) in enumerate(zip(sample.table.columns, sample.few.columns, strict=True))
        if column.options.type in (ColumnType.INTEGER, ColumnType.DECIMAL)
        and len(np.unique(few.values[few.valid])) >= _FEWEST_VALUES
    ]
    found = [*_of_dates(sample)]
    if 1 < len(numbers) <= _MOST_NUMBERS:
        targets = _Numbers.of(numbers)
        found += [
            *_multiples(numbers, rounded=False),
            *_of_two(sample, targets),
            *_runs(sample, targets),
            *_multiples(numbers, rounded=True),
        ]
    for each in found:
        if sample.holds(each):
            yield Proposal(each, f"in all of {len(sample.table):,} rows")


def _number(few: TypedColumn, place: int) -> _Number:
    name, places = few.options.name, decimals(few)
    written = (
        name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and not _is_word(name) else f'column("{_escaped(name)}")'
    )
    step = 0.5 * 10.0**-places if places is not None else 1e-9
    values = few.values.astype(np.float64)
    return _Number(name, written, values, few.valid, place, step, len(np.unique(values[few.valid])))


def _is_word(name: str) -> bool:
    import keyword

    return keyword.iskeyword(name)


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _of_dates(sample: Sample) -> Iterator[Constraint]:
    integers = [few for column, few in sample.of_type(ColumnType.INTEGER) if len(np.unique(few.values[few.valid])) > 1]
    dates = [few for _, few in sample.of_type(ColumnType.DATE, ColumnType.TIMESTAMP)]
    for column in integers:
        for date in dates:
            if not np.array_equal(column.valid, date.valid):
                continue
            written = _number(date, 0).written
            for part in _PARTS_OF_DATES:
                formula = Formula(column=column.options.name, formula=f"{part}({written})")
                if sample.holds(formula):
                    yield formula


def _fits(target: _Number, values: NDArray[np.float64], valid: NDArray[np.bool_]) -> bool:
    """Whether a column has some values but for rounding, and is missing where these are."""
    if not np.array_equal(target.valid, valid):
        return False
    here = values[valid]
    return bool((np.abs(target.few[valid] - here) <= target.step + 1e-9 * np.abs(here)).all())


def _multiples(numbers: list[_Number], *, rounded: bool) -> Iterator[Constraint]:
    """Columns that are a multiple of an earlier one, plus an offset: units, shares.

    Args:
        numbers: The columns.
        rounded: Whether to find those with fewer values than the earlier column has, or the others. The hour follows
            from a clock such as 1345, but a formula of the clock from hours and minutes says more.
    """
    for source, target in combinations(numbers, 2):
        if (target.distinct < source.distinct) is not rounded or not np.array_equal(source.valid, target.valid):
            continue
        low, high = (
            int(each(np.where(source.valid, source.few, source.few[source.valid][0])))
            for each in (np.argmin, np.argmax)
        )
        slope = (target.few[high] - target.few[low]) / (source.few[high] - source.few[low])
        off = np.abs(target.few - target.few[low] - slope * (source.few - source.few[low]))[source.valid]
        # Both ends can be rounded, too.
        if off.max() > 4 * (target.step + 1e-9 * np.abs(target.few[source.valid]).max()):
            continue
        for digits in range(1, _DIGITS + 1):  # the roundest numbers that fit: values are rounded themselves
            factor = float(f"{slope:.{digits}g}")
            offset = float(f"{np.median((target.few - factor * source.few)[source.valid]):.{digits + 1}g}")
            if factor and _fits(target, factor * source.few + offset, source.valid):
                yield Formula(column=target.name, formula=_multiple(factor, source.written, offset))
                break


def _multiple(factor: float, name: str, offset: float) -> str:
    multiple = name if factor == 1 else f"{factor!r} * {name}"
    return f"{multiple} {'+' if offset > 0 else '-'} {abs(offset)!r}" if offset else multiple


_Values = NDArray[np.float64]


def _ratio(first: _Values, second: _Values) -> _Values:
    divided: _Values = np.where(second == 0, np.nan, first / np.where(second == 0, 1.0, second))
    return divided


def _units(unit: int) -> Callable[[_Values, _Values], _Values]:
    return lambda large, small: unit * large + small


_FORMULAS: list[tuple[str, Callable[[_Values, _Values], _Values]]] = [
    *((f"{unit} * {{}} + {{}}", _units(unit)) for unit in _UNITS),
    ("{} / {}", _ratio),
    ("{} * {}", lambda first, second: first * second),
]
"""What a column can be of two others, in this order or in the other one, beside their sum."""


def _of_two(sample: Sample, numbers: _Numbers) -> Iterator[Constraint]:
    """Columns that are the sum, the product or the ratio of two others, or count them in a smaller unit."""
    for first, second in combinations(numbers.columns, 2):
        valid = first.valid & second.valid
        if not valid.any():
            continue
        found: dict[int, Constraint] = {}
        others = {first.place, second.place}
        for target in numbers.equal(first.few + second.few, valid):
            if target.place not in others:
                found[target.place] = _summed(sample, [first, second], target)
        for (one, other), (formula, computed) in product(((first, second), (second, first)), _FORMULAS):
            for target in numbers.equal(computed(one.few, other.few), valid):
                if target.place not in others and target.place not in found:
                    written = formula.format(one.written, other.written)
                    found[target.place] = Formula(column=target.name, formula=written)
        yield from (found[place] for place in sorted(found))


def _summed(sample: Sample, parts: list[_Number], total: _Number) -> Constraint:
    # The last part is what the others leave: it needs as many decimals as any.
    names = [part.name for part in sorted(parts, key=lambda part: -part.step)]
    negative = any((sample.table[name].values[sample.table[name].valid] < 0).any() for name in names)
    if not negative and exact([sample.table[name] for name in (*names, total.name)]):
        return Sum(parts=tuple(names), total=total.name)
    return Formula(column=total.name, formula=" + ".join(part.written for part in parts))


def _runs(sample: Sample, numbers: _Numbers) -> Iterator[Constraint]:
    """Totals of three or more neighbouring columns."""
    columns = numbers.columns
    for start in range(len(columns)):
        whole, valid = columns[start].few, columns[start].valid
        for stop in range(start + 1, len(columns)):
            if columns[stop].place != columns[stop - 1].place + 1:
                break
            whole, valid = whole + columns[stop].few, valid & columns[stop].valid
            if stop - start < 2 or not valid.any():
                continue
            for target in numbers.equal(whole, valid):
                if not columns[start].place <= target.place <= columns[stop].place:
                    yield _summed(sample, columns[start : stop + 1], target)
