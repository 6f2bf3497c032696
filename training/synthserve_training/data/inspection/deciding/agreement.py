"""Settles what single columns leave open by how the other columns of the file are written."""

from collections import Counter
from dataclasses import replace

from synthserve_training.data.inspection.deciding.guesses import Guess
from synthserve_training.data.reading.layout import FileLayout
from synthserve_training.tables.columns import ColumnOptions, ColumnType


def agreed(guesses: list[Guess], layout: FileLayout) -> list[Guess]:
    """Settles what single columns leave open by how other columns of the file are written."""
    sure = [one.options for one in guesses if one.doubt is None]
    marks = Counter(mark for options in sure if (mark := _mark(options)))
    orders = Counter(order for options in sure if (order := _day_first(options)) is not None)
    return [
        found if found.doubt is None or found.other is None else _choose(found, found.other, marks, orders, layout)
        for found in guesses
    ]


def _mark(options: ColumnOptions) -> str | None:
    """The decimal mark that a column's values show."""
    if options.type is ColumnType.DECIMAL:
        return options.decimal_mark
    if options.type is ColumnType.INTEGER and options.grouping in (".", ","):
        return "," if options.grouping == "." else "."
    return None


def _day_first(options: ColumnOptions) -> bool | None:
    """Whether days are before months where a column shows it."""
    for pattern in options.patterns:
        if "%d" in pattern and "%m" in pattern and not pattern.startswith("%Y"):
            return pattern.index("%d") < pattern.index("%m")
    return None


def _choose(
    found: Guess, other: ColumnOptions, marks: Counter[str], orders: Counter[bool], layout: FileLayout
) -> Guess:
    first = found.options
    if first.patterns:
        votes = {id(one): orders[bool(_day_first(one))] for one in (first, other)}
        evidence = "other columns have days and months in that order"
    else:
        votes = {id(one): marks[_mark(one) or ""] for one in (first, other)}
        if not marks:
            # Lists with a decimal comma have semicolons; a comma that separates cells is rarely the decimal mark.
            likely = "," if layout.separator == ";" else "."
            if _mark(other) == likely != _mark(first):
                first, other = other, first
        evidence = f"other columns have the decimal mark {_mark(first) or '.'!r}"
    if votes.get(id(other), 0) > votes.get(id(first), 0):
        first, other = other, first
        evidence = evidence if first.patterns else f"other columns have the decimal mark {_mark(first)!r}"
    if votes.get(id(first), 0) > votes.get(id(other), 0):
        return replace(found, options=first, other=None, doubt=None, why=f"{said(first)}: {evidence}")
    return replace(found, options=first, other=other, why=f"{said(first)} or {said(other)}: not certain")


def said(options: ColumnOptions) -> str:
    """How the values of a column are written, for people."""
    if options.patterns:
        return " or ".join(options.patterns)
    if options.grouping:
        return (
            f"whole numbers in groups by {options.grouping!r}"
            if options.type is ColumnType.INTEGER
            else f"numbers in groups by {options.grouping!r}"
        )
    return f"numbers with the decimal mark {options.decimal_mark!r}"


def decided(options: ColumnOptions) -> str:
    """The setting that chooses a way."""
    if options.patterns:
        return f"{options.name}.patterns={'|'.join(options.patterns)}"
    return f"{options.name}.decimal_mark={_mark(options) or options.decimal_mark}"
