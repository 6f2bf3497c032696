"""Turns the constraints of a recipe into those of a graph, with what the training rows say about them."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.models.autoregressive.drawing.columns import ColumnGraph, Ordered
from synthserve_training.models.autoregressive.drawing.constraints.allowed import Combinations as AllowedTogether
from synthserve_training.models.autoregressive.drawing.constraints.derived import Computed, Derived, Lookup, Remainder
from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint as Held
from synthserve_training.models.autoregressive.drawing.constraints.orders import Counted, Rising, Total, Within
from synthserve_training.models.autoregressive.drawing.limits import Conversion
from synthserve_training.models.autoregressive.tokens.categories import CategoryCode
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.constraints import checking, expressions
from synthserve_training.tables.constraints.kinds import (
    Combinations,
    Dependency,
    Formula,
    Implication,
    OneHot,
    Order,
    Range,
    Side,
    Sum,
)
from synthserve_training.tables.constraints.planning import Joint, Plan, entries, joints
from synthserve_training.tables.typed import TypedTable

_MOST_CELLS = 1 << 24
"""The most entries of a table of combinations."""

_LARGEST = 2**62


def held(plan: Plan, columns: Mapping[str, ColumnGraph], table: TypedTable, min_rows: int) -> list[Held]:
    """The constraints that hold by how columns are drawn.

    Args:
        plan: What the constraints mean.
        columns: The drawn columns, by name. A constraint on others is left out: they are in no row.
        table: The training rows, which keep all constraints.
        min_rows: Combinations of fewer rows are not drawn.

    Raises:
        RecipeError: A constraint cannot be kept.
    """
    found: list[Held] = []
    for each in plan.constraints:
        match each:
            case Range() if each.column in columns:
                column, kind = _ordered(columns, each.column), table[each.column].options.type
                low, high = (_units(end, kind, each, column.scale) for end in (each.low, each.high))
                found.append(
                    Within(
                        each.text,
                        (each.column,),
                        None if low is None else int(np.ceil(low)),
                        None if high is None else int(np.floor(high)),
                    )
                )
            case Order():
                names = tuple(name for name in each.columns if name in columns)
                _check_sizes(each.text, [_ordered(columns, name) for name in names])
                counted = [pair for pair in pairwise(names) if _is_counted(columns, *pair)]
                found += [Counted(each.text, pair) for pair in counted]
                if len(names) > 1 and (names,) != tuple(counted):
                    found.append(Rising(each.text, names, each.strict))
            case Sum() if columns.keys() >= {each.total, *each.parts[:-1]}:
                names = (each.total, *each.parts[:-1])
                ordered = [_ordered(columns, name) for name in names]
                _check_sizes(each.text, ordered)
                for name, one in zip(names, ordered, strict=True):
                    if one.extent[0] < 0:
                        raise RecipeError(f"the constraint `{each.text}`: {name!r} can be negative")
                found.append(Total(each.text, names))
    for joint, entry in entries(joints(plan.constraints), plan.drawn):
        names = tuple(name for name in plan.drawn if name in joint.names and name in columns)
        if entry in names and len(names) == len(joint.names):
            found.append(_together(joint, names, columns, table, min_rows))
    return found


def derived(plan: Plan, columns: Mapping[str, ColumnGraph], table: TypedTable, code: TableCode) -> list[Derived]:
    """The columns that follow from others; those that follow from columns that are not drawn are left out.

    Args:
        plan: What the constraints mean.
        columns: The drawn columns, by name.
        table: The training rows, which keep all constraints.
        code: The tokens of the drawn columns.

    Raises:
        RecipeError: A constraint cannot be kept.
    """
    found: dict[str, Derived] = {}
    for name, each in plan.derived.items():
        options = table[name].options
        if isinstance(each, Dependency):
            source = _decider(each.key, plan)
            if source in columns:
                found[name] = _lookup(options, each, source, columns[source], code, table)
        elif all(other in columns or other in found for other in each.names if other != name):
            if isinstance(each, Sum):
                drawn = (each.total, *each.parts[:-1])
                _check_remainder(options, each, [_ordered(columns, one) for one in drawn])
                nullable = any(columns[one].schema.nullable for one in drawn)
                found[name] = Remainder(options, each.text, nullable, each.total, tuple(each.parts[:-1]))
            elif isinstance(each, Formula):
                found[name] = _computed(options, each, columns, found, table)
    return list(found.values())


def _ordered(columns: Mapping[str, ColumnGraph], name: str) -> Ordered:
    column = columns[name]
    if not isinstance(column, Ordered):
        raise TypeError(f"the values of {name!r} are not ordered")
    return column


def _is_counted(columns: Mapping[str, ColumnGraph], start: str, end: str) -> bool:
    """Whether a column is drawn as a difference from another one."""
    code = columns[end].code
    return isinstance(code, DifferenceCode) and code.start == start


def _units(end: object, kind: ColumnType, constraint: Range, scale: int) -> float | None:
    if end is None:
        return None
    value = checking.end(end, kind, constraint)  # type: ignore[arg-type]  # it is the constraint's
    # A number of decimals is not exactly a double: what is a unit but for rounding is that unit.
    units = value if kind in (ColumnType.DATE, ColumnType.TIMESTAMP) else value * scale
    return float(np.rint(units)) if abs(units - np.rint(units)) <= 1e-9 * max(abs(units), 1) else units


def _check_sizes(text: str, columns: Sequence[Ordered]) -> None:
    """Comparisons are made with 64 bits."""
    for one in columns:
        for other in columns:
            factor = Conversion.between(one.scale, other.scale).factor
            if max(abs(end) for end in one.extent) * factor * len(columns) >= _LARGEST:
                raise RecipeError(
                    f"the constraint `{text}`: the numbers have too many digits to be compared; set `decimals`"
                )


def _check_remainder(options: ColumnOptions, constraint: Sum, columns: Sequence[Ordered]) -> None:
    if options.type is ColumnType.INTEGER and any(column.scale > 1 for column in columns):
        raise RecipeError(
            f"the constraint `{constraint.text}`: {options.name!r} is an integer, and what the other columns leave is "
            "none: name a decimal column as the last part"
        )


def _decider(name: str, plan: Plan) -> str:
    """The drawn column that decides a column in the end."""
    while isinstance(each := plan.derived.get(name), Dependency):
        name = each.key
    return name


def _lookup(
    options: ColumnOptions, constraint: Dependency, source: str, column: ColumnGraph, code: TableCode, table: TypedTable
) -> Lookup:
    of_source = code.columns[code.names.index(source)]
    if isinstance(of_source, NumberCode) and len(of_source.edges):
        raise RecipeError(
            f"the constraint `{constraint.text}`: {source!r} has too many numbers, or numbers of too few rows: make it "
            "a category"
        )
    drawn = of_source.encode(table[source]).codes[:, 0]
    size = of_source.tokens[0].size
    rows = np.full(size, -1, np.int64)
    rows[drawn[drawn >= 0][::-1]] = np.flatnonzero(drawn >= 0)[::-1]
    target = table[options.name]
    valid = np.where(rows >= 0, target.valid[np.maximum(rows, 0)], False)
    values = np.where(valid, target.values[np.maximum(rows, 0)], np.zeros(1, target.values.dtype))
    categories: tuple[str, ...] = ()
    if target.texts and options.type is not ColumnType.BOOLEAN:
        used = sorted({int(value) for value in values[valid]})
        order = [target.texts.index(text) for text in options.values if text in target.texts]
        used.sort(key=lambda value: order.index(value) if value in order else len(order))
        categories = tuple(target.texts[value] for value in used)
        places = np.zeros(max(used, default=0) + 1, np.int64)
        places[used] = np.arange(len(used))
        values = np.where(valid, places[values], 0)
    return Lookup(options, constraint.text, source, values, valid, categories, isinstance(of_source, CategoryCode))


def _computed(
    options: ColumnOptions,
    constraint: Formula,
    columns: Mapping[str, ColumnGraph],
    found: Mapping[str, Derived],
    table: TypedTable,
) -> Computed:
    expression = constraint.expression
    names = expressions.columns(expression)
    if lost := next((name for name in expressions.temporal(expression) if name not in columns), None):
        raise RecipeError(f"the constraint `{constraint.text}`: {lost!r} follows from other columns")
    sources = [columns[name].schema if name in columns else found[name].schema for name in names]
    nullable = any(source.nullable for source in sources) or expressions.divides(expression)
    linear = expressions.linear(expression)
    column = columns.get(names[0])
    if linear is None or column is None or not _keeps_lattice(column, linear, checking.decimals(table[options.name])):
        return Computed(options, constraint.text, nullable, expression)
    factor, offset = linear
    ends = sorted(
        end / _ordered(columns, names[0]).scale * factor + offset for end in _ordered(columns, names[0]).extent
    )
    return Computed(options, constraint.text, nullable, expression, factor, offset, (ends[0], ends[1]))


def _keeps_lattice(column: ColumnGraph, linear: tuple[float, float], decimals: int | None) -> bool:
    """Whether all numbers of a column, times a factor and plus an offset, are exact with so many decimals."""
    if not isinstance(column.code, NumberCode):
        return False
    if decimals is None:
        return True
    lattice, (factor, offset) = column.code.lattice, linear
    steps = (
        np.array([factor * lattice.step, factor * lattice.offset + offset * lattice.scale])
        / lattice.scale
        * 10.0**decimals
    )
    return bool(np.allclose(steps, np.rint(steps), rtol=0, atol=1e-9))


def _together(
    joint: Joint, names: tuple[str, ...], columns: Mapping[str, ColumnGraph], table: TypedTable, min_rows: int
) -> AllowedTogether:
    classes = tuple(_classes(columns[name]) for name in names)
    first, *others = joint.constraints
    rows, held_names = _rows(first, columns, table, min_rows), first.names
    for each in others:
        rows, held_names = _joined(rows, held_names, _rows(each, columns, table, min_rows), each.names, joint)
    rows = np.unique(rows[:, [held_names.index(name) for name in names]], axis=0)
    if not len(rows):
        raise RecipeError(f"the constraint `{joint.text}`: no combination has {min_rows} rows")
    for place in range(len(names)):
        if len(np.unique(rows[:, :place], axis=0)) * len(classes[place]) > _MOST_CELLS:
            raise RecipeError(
                f"the constraint `{joint.text}`: there are too many combinations; leave out {names[-1]!r}"
            )
    return AllowedTogether(joint.text, names, classes, rows)


def _classes(column: ColumnGraph) -> NDArray[np.int64]:
    """The class of each code: of a category, or of numbers 0 and 1, the code; else whether the value is missing."""
    size = column.code.tokens[0].size
    if isinstance(column.code, CategoryCode) or _is_flag(column):
        return np.arange(size)
    return (np.arange(size) >= size - int(column.schema.nullable)).astype(np.int64)


def _is_flag(column: ColumnGraph) -> bool:
    """Whether a column of integers has only 0 and 1."""
    code = column.code
    if not isinstance(code, NumberCode) or len(code.edges):
        return False
    return set(code.lattice.values(code.atoms).tolist()) <= {0, 1} and code.lattice.scale == 1


def _rows(
    constraint: Combinations | OneHot | Implication,
    columns: Mapping[str, ColumnGraph],
    table: TypedTable,
    min_rows: int,
) -> NDArray[np.int64]:
    """What a constraint allows: classes, [combinations, columns]."""
    match constraint:
        case Combinations():
            drawn = np.concatenate(
                [columns[name].code.encode(table[name]).codes[:, :1] for name in constraint.columns], axis=1
            )
            rows, counts = np.unique(drawn[(drawn >= 0).all(axis=1)].astype(np.int64), axis=0, return_counts=True)
            return np.asarray(rows[counts >= min_rows])
        case OneHot():
            return _one_hot(constraint, columns)
        case Implication():
            when, then = (_fulfilling(columns[side.column], side) for side in (constraint.when, constraint.then))
            pairs = np.argwhere(~when[:, None] | then[None])
            return np.asarray(pairs, np.int64)


def _fulfilling(column: ColumnGraph, side: Side) -> NDArray[np.bool_]:
    """Which classes of a column are what one side of an implication says."""
    classes = _classes(column)
    code = column.code
    found = np.zeros(int(classes.max()) + 1, np.bool_)
    missing = code.tokens[0].size - 1 if column.schema.nullable else None
    for each in range(code.tokens[0].size):
        if each == missing:
            found[classes[each]] |= side.missing
        elif isinstance(code, CategoryCode) and side.values:
            found[classes[each]] |= code.values[each] in side.values
        else:
            found[classes[each]] |= not side.values and not side.missing
    return found


def _one_hot(constraint: OneHot, columns: Mapping[str, ColumnGraph]) -> NDArray[np.int64]:
    off, on = [], []
    for name in constraint.columns:
        column = columns[name]
        if isinstance(column.code, CategoryCode):
            zero, one = (column.code.values.index(text) for text in ("false", "true"))
        elif _is_flag(column) and isinstance(column.code, NumberCode):
            values = column.code.lattice.values(column.code.atoms[column.code.order]).tolist()
            zero, one = (values.index(value) if value in values else -1 for value in (0, 1))
        else:
            raise RecipeError(f"the constraint `{constraint.text}`: {name!r} has other values than 0 and 1")
        off.append(zero)
        on.append(one)
    rows = np.tile(off, (len(off), 1))
    np.fill_diagonal(rows, on)
    return np.asarray(rows[(rows >= 0).all(axis=1)], np.int64)


def _joined(
    rows: NDArray[np.int64], names: tuple[str, ...], others: NDArray[np.int64], own: tuple[str, ...], joint: Joint
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The natural join of two tables of combinations."""
    shared = [name for name in own if name in names]
    added = [name for name in own if name not in names]
    key = np.stack([rows[:, names.index(name)] for name in shared], axis=1)
    other_key = np.stack([others[:, own.index(name)] for name in shared], axis=1)
    _, inverse = np.unique(np.concatenate([key, other_key]), axis=0, return_inverse=True)
    left, right = inverse.reshape(-1)[: len(key)], inverse.reshape(-1)[len(key) :]
    order = np.argsort(right, kind="stable")
    bounds = np.searchsorted(right[order], np.arange(inverse.max() + 2))
    sizes = np.diff(bounds)[left]
    if sizes.sum() > _MOST_CELLS:
        raise RecipeError(f"the constraints `{joint.text}` leave too many combinations: declare fewer of them")
    first = np.repeat(np.arange(len(rows)), sizes)
    within = np.arange(len(first)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    second = order[np.repeat(bounds[:-1][left], sizes) + within]
    extra = others[second][:, [own.index(name) for name in added]]
    return np.concatenate([rows[first], extra], axis=1), (*names, *added)
