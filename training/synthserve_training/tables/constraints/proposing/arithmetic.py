"""Proposes formulas and sums: what a column of numbers is computed from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.checking import decimals
from synthserve_training.tables.constraints.kinds import Constraint, Formula, Sum
from synthserve_training.tables.constraints.proposing.evidence import Proposal, Sample, exact
from synthserve_training.tables.typed import TypedColumn

_MOST_NUMBERS = 60
_FEWEST_ROWS, _FEWEST_VALUES = 30, 5
_FIRST = 8
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
    """

    name: str
    written: str
    few: NDArray[np.float64]
    valid: NDArray[np.bool_]
    place: int
    step: float


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
    if len(numbers) <= _MOST_NUMBERS:
        found += [*_multiples(numbers), *_of_two(sample, numbers), *_runs(sample, numbers)]
    for each in found:
        if sample.holds(each):
            yield Proposal(each, f"in all of {len(sample.table):,} rows")


def _number(few: TypedColumn, place: int) -> _Number:
    name, places = few.options.name, decimals(few)
    written = (
        name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and not _is_word(name) else f'column("{_escaped(name)}")'
    )
    step = 0.5 * 10.0**-places if places is not None else 1e-9
    return _Number(name, written, few.values.astype(np.float64), few.valid, place, step)


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
    for rows in (slice(0, _FIRST), slice(_FIRST, None)):  # most candidates fail in the first rows
        if not np.array_equal(target.valid[rows], valid[rows]):
            return False
        gap = np.abs(target.few[rows] - values[rows])[valid[rows]]
        if not (gap <= target.step + 1e-9 * np.abs(values[rows][valid[rows]])).all():
            return False
    return True


def _multiples(numbers: list[_Number]) -> Iterator[Constraint]:
    """Columns that are a multiple of an earlier one, plus an offset: units, shares."""
    for source, target in combinations(numbers, 2):
        if not np.array_equal(source.valid, target.valid):
            continue
        low, high = (
            int(each(np.where(source.valid, source.few, source.few[source.valid][0])))
            for each in (np.argmin, np.argmax)
        )
        slope = (target.few[high] - target.few[low]) / (source.few[high] - source.few[low])
        for digits in range(1, _DIGITS + 1):  # the roundest numbers that fit: values are rounded themselves
            factor = float(f"{slope:.{digits}g}")
            offset = float(f"{np.median((target.few - factor * source.few)[source.valid]):.{digits + 1}g}")
            if factor and _fits(target, factor * source.few + offset, source.valid):
                yield Formula(column=target.name, formula=_multiple(factor, source.written, offset))
                break


def _multiple(factor: float, name: str, offset: float) -> str:
    multiple = name if factor == 1 else f"{factor!r} * {name}"
    return f"{multiple} {'+' if offset > 0 else '-'} {abs(offset)!r}" if offset else multiple


def _of_two(sample: Sample, numbers: list[_Number]) -> Iterator[Constraint]:
    """Columns that are the sum, the product or the ratio of two others."""
    for first, second in combinations(numbers, 2):
        valid = first.valid & second.valid
        if not valid.any():
            continue
        whole, product = first.few + second.few, first.few * second.few
        for target in numbers:
            if target in (first, second):
                continue
            if _fits(target, whole, valid):
                yield _summed(sample, [first, second], target)
            elif _fits(target, product, valid):
                yield Formula(column=target.name, formula=f"{first.written} * {second.written}")
            elif written := _in_units(first, second, target, valid):
                yield Formula(column=target.name, formula=written)
            else:
                for one, other in ((first, second), (second, first)):
                    if (other.few[valid] != 0).all() and _fits(target, one.few / np.where(valid, other.few, 1), valid):
                        yield Formula(column=target.name, formula=f"{one.written} / {other.written}")


def _in_units(first: _Number, second: _Number, target: _Number, valid: NDArray[np.bool_]) -> str | None:
    """How a column counts two others in its own units, such as hours and minutes; None: it does not."""
    for large, small in ((first, second), (second, first)):
        for unit in _UNITS:
            if _fits(target, unit * large.few + small.few, valid):
                return f"{unit} * {large.written} + {small.written}"
    return None


def _summed(sample: Sample, parts: list[_Number], total: _Number) -> Constraint:
    # The last part is what the others leave: it needs as many decimals as any.
    names = [part.name for part in sorted(parts, key=lambda part: -part.step)]
    negative = any((sample.table[name].values[sample.table[name].valid] < 0).any() for name in names)
    if not negative and exact([sample.table[name] for name in (*names, total.name)]):
        return Sum(parts=tuple(names), total=total.name)
    return Formula(column=total.name, formula=" + ".join(part.written for part in parts))


def _runs(sample: Sample, numbers: list[_Number]) -> Iterator[Constraint]:
    """Totals of three or more neighbouring columns."""
    for start in range(len(numbers)):
        whole, valid = numbers[start].few.copy(), numbers[start].valid
        for stop in range(start + 1, len(numbers)):
            if numbers[stop].place != numbers[stop - 1].place + 1:
                break
            whole, valid = whole + numbers[stop].few, valid & numbers[stop].valid
            if stop - start < 2 or not valid.any():
                continue
            for target in numbers:
                if not start <= numbers.index(target) <= stop and _fits(target, whole, valid):
                    yield _summed(sample, numbers[start : stop + 1], target)
