"""How many columns a model learns."""

from collections.abc import Sequence

from synthserve_training.errors import RecipeError
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role

MOST_LEARNT = 2_000
"""Compiling and drawing take a dozen nodes of the graph, and a third of a second, for each column."""

_WITHOUT_CHOICE = frozenset({ColumnType.CONSTANT, ColumnType.EMPTY})


def learnt(columns: Sequence[ColumnOptions]) -> int:
    """How many of the columns a network has to learn."""
    return sum(column.role is Role.LEARN and column.type not in _WITHOUT_CHOICE for column in columns)


def check_recipe(columns: Sequence[ColumnOptions]) -> None:
    """Refuses a recipe of too many columns.

    Raises:
        RecipeError: More columns are learnt than a model can.
    """
    if (count := learnt(columns)) > MOST_LEARNT:
        raise RecipeError(
            f'the recipe learns {count:,} columns, and a model learns at most {MOST_LEARNT:,}: set role = "drop" for '
            "the columns that you do not need"
        )


def check_source(address: str, columns: int) -> None:
    """Refuses a source of too many columns before it is read.

    Args:
        address: Of the source, for the message.
        columns: How many columns it has, without those that the user has set to be dropped or made by a rule.

    Raises:
        RecipeError: They are more than a model learns.
    """
    if columns > MOST_LEARNT:
        raise RecipeError(
            f"{address} has {columns:,} columns, and a model learns at most {MOST_LEARNT:,}: write a recipe with "
            '`synthserve-train inspect --recipe FILE`, set role = "drop" in it for the columns that you do not need, '
            "and fit with --recipe FILE"
        )
