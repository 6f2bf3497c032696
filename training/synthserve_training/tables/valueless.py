"""Learnt columns of which no value, or not every value, may be published."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from synthserve_training.models.autoregressive.drawing.absent import Absent
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role
from synthserve_training.tables.typed import TypedTable

_NOTED_SHARE = 0.1
"""The share of rows with rare values from which on a user has to know of them."""


@dataclass(frozen=True)
class Valueless:
    """Columns of which no value may be published.

    Attributes:
        absent: Those that are always missing in the model: as in the table, or as only the missing value has enough
            rows.
        left_out: The names of those that the model does not have.
        notes: What a user must know of them, one sentence each.
    """

    absent: Sequence[Absent]
    left_out: Sequence[str]
    notes: Sequence[str]


def valueless(columns: Sequence[ColumnOptions], made: Collection[str], table: TypedTable, min_rows: int) -> Valueless:
    """Finds what becomes of the columns that the network does not draw.

    Args:
        columns: All columns.
        made: The names of those that the network draws, or that follow from others.
        table: The training rows.
        min_rows: How many rows a value needs.
    """
    absent: list[Absent] = []
    left_out: list[str] = []
    notes: list[str] = []
    for options in columns:
        if options.role is not Role.LEARN or options.name in made:
            continue
        rare = f"{options.name}: no value has at least {min_rows} rows, as [privacy] min_rows asks for: "
        if options.type is ColumnType.EMPTY:
            absent.append(Absent(options))
        elif int((~table[options.name].valid).sum()) >= min_rows:
            absent.append(Absent(options))
            notes.append(rare + "it is always missing in the model")
        else:
            left_out.append(options.name)
            notes.append(rare + "the model does not have it; a rule could make it")
    return Valueless(absent, left_out, notes)


def rare_values(code: TableCode, rows: int, min_rows: int) -> list[str]:
    """Names the columns in which many rows have a value that may not be published: one sentence each.

    Args:
        code: How the rows become tokens.
        rows: How many training rows there are.
        min_rows: How many rows a value needs.
    """
    shares = [
        (name, (column.rare * (rows + 1) - 0.5) / rows) for name, column in zip(code.names, code.columns, strict=True)
    ]
    return [
        f"{name}: {100 * share:.0f} % of the rows have values that fewer than {min_rows} rows have, and [privacy] "
        "min_rows keeps out of the model: it draws other values in their place"
        for name, share in shares
        if share >= _NOTED_SHARE
    ]
