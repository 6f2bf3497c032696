"""Which rows of a table keep its constraints."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints import expressions
from synthserve_training.tables.constraints.kinds import (
    Combinations,
    Constraint,
    Dependency,
    End,
    Formula,
    Implication,
    OneHot,
    Order,
    Range,
    Side,
    Sum,
    Unique,
)
from synthserve_training.tables.typed import TypedColumn, TypedTable, concatenated

MICROSECONDS = 86_400_000_000
_EXACT = 1e-9
"""How far, relatively, numbers may be apart that are computed with doubles."""


@dataclass(frozen=True)
class Kept:
    """The rows that keep all constraints.

    Attributes:
        rows: int64, rising.
        violations: For each constraint how many rows violate it.
    """

    rows: NDArray[np.int64]
    violations: Mapping[str, int]


def kept(table: TypedTable, constraints: Sequence[Constraint], min_rows: int = 1) -> Kept:
    """Finds the rows that keep all constraints.

    Args:
        table: The rows.
        constraints: What is to hold.
        min_rows: Combinations of fewer rows count as violations.
    """
    good = np.ones(len(table), np.bool_)
    violations: dict[str, int] = {}
    for each in constraints:
        violated = violating(table, each, min_rows)
        if violated.any():
            violations[each.text] = int(violated.sum())
        good &= ~violated
    return Kept(np.flatnonzero(good), violations)


def violating(
    table: TypedTable, constraint: Constraint, min_rows: int = 1, *, known: TypedTable | None = None
) -> NDArray[np.bool_]:
    """Which rows violate a constraint: bool [n].

    Args:
        table: The rows.
        constraint: What is to hold.
        min_rows: Combinations of fewer rows count as violations.
        known: The rows whose combinations and dependencies are to hold; default: the same ones. A row whose key is
            not among them violates no dependency.
    """
    start = 0 if known is None else len(known)
    match constraint:
        case Range():
            return _range(table[constraint.column], constraint)
        case Order():
            return _order([table[name] for name in constraint.columns], strict=constraint.strict)
        case Combinations():
            return _combinations(_joined(table, constraint.columns, known), start, min_rows)
        case Dependency():
            key, column = _joined(table, (constraint.key, constraint.column), known)
            return _dependency(key, column, start)
        case Sum():
            return _sum([table[name] for name in constraint.parts], table[constraint.total])
        case Formula():
            return _formula(table, constraint)
        case OneHot():
            return _one_hot([table[name] for name in constraint.columns])
        case Implication():
            return fulfilled(table[constraint.when.column], constraint.when) & ~fulfilled(
                table[constraint.then.column], constraint.then
            )
        case Unique():
            return _repeated([each for each in table.columns if each.options.name == constraint.column], len(table))


def _repeated(columns: Sequence[TypedColumn], count: int) -> NDArray[np.bool_]:
    """Rows whose value another row has, too. Training rows lack the column: a rule makes it."""
    if not columns:
        return np.zeros(count, np.bool_)
    numbers = _numbered(columns[0])
    return np.asarray((np.bincount(numbers + 1)[numbers + 1] > 1) & columns[0].valid, np.bool_)


def end(value: End, kind: ColumnType, constraint: Range) -> float:
    """The end of a range as a column of its type has values: a number, days, or microseconds.

    Raises:
        RecipeError: It is of another type.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind not in (ColumnType.DATE, ColumnType.TIMESTAMP):
        if not number:
            raise RecipeError(f"the constraint `{constraint.text}`: {str(value)!r} is no number")
        return float(value)
    try:
        moment = None if number else datetime.datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None:
        raise RecipeError(f"the constraint `{constraint.text}`: {str(value)!r} is no date such as 2024-12-31")
    since = moment.replace(tzinfo=None) - datetime.datetime(1970, 1, 1)
    return float(since.days) if kind is ColumnType.DATE else float(since // datetime.timedelta(microseconds=1))


def codes_of(column: TypedColumn) -> NDArray[np.int64]:
    """The values of a category or truth value, -1 where it is missing: [n]."""
    return np.where(column.valid, column.values.astype(np.int64), -1)


def fulfilled(column: TypedColumn, side: Side) -> NDArray[np.bool_]:
    """Where a column is what one side of an implication says: bool [n]."""
    if not side.values:
        return ~column.valid if side.missing else column.valid
    texts = ("false", "true") if column.options.type is ColumnType.BOOLEAN else column.texts
    wanted = np.array([text in side.values for text in texts], np.bool_)
    found = (
        column.valid & wanted[np.where(column.valid, column.values, 0).astype(np.int64)] if len(texts) else column.valid
    )
    return found | (~column.valid & side.missing)


def _range(column: TypedColumn, constraint: Range) -> NDArray[np.bool_]:
    kind, bad = column.options.type, np.zeros(len(column), np.bool_)
    if constraint.low is not None:
        bad |= column.values < end(constraint.low, kind, constraint)
    if constraint.high is not None:
        bad |= column.values > end(constraint.high, kind, constraint)
    return bad & column.valid


def _comparable(column: TypedColumn, *, micros: bool) -> NDArray[Any]:
    return (
        column.values.astype(np.int64) * MICROSECONDS
        if micros and column.options.type is ColumnType.DATE
        else column.values
    )


def _order(columns: Sequence[TypedColumn], *, strict: bool) -> NDArray[np.bool_]:
    micros = any(column.options.type is ColumnType.TIMESTAMP for column in columns)
    values = [_comparable(column, micros=micros) for column in columns]
    bad = np.zeros(len(columns[0]), np.bool_)
    for later in range(1, len(columns)):
        for earlier in range(later):
            both = columns[earlier].valid & columns[later].valid
            wrong = values[earlier] >= values[later] if strict else values[earlier] > values[later]
            bad |= both & wrong
    return bad


def _joined(table: TypedTable, names: Sequence[str], known: TypedTable | None) -> list[TypedColumn]:
    """Columns of the known rows, if there are others than those of the table, and behind them of the table's."""
    if known is None:
        return [table[name] for name in names]
    return [concatenated(known[name], table[name]) for name in names]


def _combinations(columns: Sequence[TypedColumn], start: int, min_rows: int) -> NDArray[np.bool_]:
    """Which rows from `start` on have a combination of values that too few of those before it have.

    Args:
        columns: Categories and truth values.
        start: The number of known rows; 0: all rows are known.
        min_rows: How many rows are enough.
    """
    codes = np.stack([codes_of(each) for each in columns], axis=1)
    inverse = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
    counts = np.bincount(inverse[: start or None], minlength=inverse.max(initial=-1) + 1)
    return np.asarray(counts[inverse[start:]] < min_rows, np.bool_)


def _dependency(key: TypedColumn, column: TypedColumn, start: int) -> NDArray[np.bool_]:
    """Which rows from `start` on have another value than the most frequent one of their key before it; as above."""
    pairs, inverse = np.unique(np.stack([_numbered(key), _numbered(column)], axis=1), axis=0, return_inverse=True)
    inverse = inverse.reshape(-1)
    counts = np.bincount(inverse[: start or None], minlength=len(pairs))
    order = np.lexsort((np.arange(len(pairs)), -counts, pairs[:, 0]))
    firsts = np.r_[True, np.diff(pairs[order, 0]) != 0] if len(order) else np.zeros(0, np.bool_)
    chosen = np.zeros(len(pairs), np.bool_)
    chosen[order[firsts]] = True
    # Where no known row has the key, none of its values is known to be right.
    unknown = np.isin(pairs[:, 0], pairs[counts > 0, 0], invert=True)
    return np.asarray(~(chosen | unknown)[inverse[start:]], np.bool_)


def _numbered(column: TypedColumn) -> NDArray[np.int64]:
    """A number for each distinct value, -1 where it is missing."""
    found = np.unique(column.values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return np.where(column.valid, found, -1)


def _valid(columns: Sequence[TypedColumn]) -> NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce([column.valid for column in columns]), np.bool_)


def _differs(column: TypedColumn, wanted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where numbers are not those that are wanted, rounded to the decimals of the column."""
    places = decimals(column)
    step = 0.5 * 10.0**-places if places is not None else 0.0
    values = column.values.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(~(np.abs(values - wanted) <= step + _EXACT * np.maximum(np.abs(wanted), 1e-300)))


def decimals(column: TypedColumn) -> int | None:
    """The decimals of a column of numbers; None: not rounded."""
    return 0 if column.options.type is ColumnType.INTEGER else column.options.decimals


def _sum(parts: Sequence[TypedColumn], total: TypedColumn) -> NDArray[np.bool_]:
    valid = _valid([*parts[:-1], total])
    whole = np.sum([part.values.astype(np.float64) for part in parts], axis=0)
    negative = np.logical_or.reduce([part.valid & (part.values < 0) for part in parts])
    places = [decimals(column) for column in (*parts, total)]
    step = 0.5 * 10.0 ** -max(place for place in places if place is not None) if None not in places else 0.0
    differs = np.abs(whole - total.values) > step * 0.5 + _EXACT * np.maximum(np.abs(whole), 1.0)
    return np.asarray((valid != parts[-1].valid) | negative | (valid & differs))


def moments(column: TypedColumn) -> NDArray[Any]:
    """The values of a column as `expressions.computed` takes them."""
    if column.options.type is ColumnType.DATE:
        return column.values.astype("datetime64[D]")
    return column.values.astype("datetime64[us]") if column.options.type is ColumnType.TIMESTAMP else column.values


def _formula(table: TypedTable, constraint: Formula) -> NDArray[np.bool_]:
    sources = [table[name] for name in expressions.columns(constraint.expression)]
    column = table[constraint.column]
    wanted = expressions.computed(constraint.expression, {each.options.name: moments(each) for each in sources})
    wanted = np.broadcast_to(wanted, (len(table),))
    present = _valid(sources) & np.isfinite(wanted)
    return np.asarray((present != column.valid) | (present & _differs(column, wanted)))


def _one_hot(columns: Sequence[TypedColumn]) -> NDArray[np.bool_]:
    values = np.stack([column.values.astype(np.int64) for column in columns], axis=1)
    valid = _valid(columns)
    return np.asarray(~valid | (values < 0).any(axis=1) | (values > 1).any(axis=1) | (values.sum(axis=1) != 1))
