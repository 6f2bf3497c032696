"""What is asked about a column before it is decided what it is."""

from dataclasses import dataclass

from synthserve_training.data.inspection.values import Values
from synthserve_training.tables.columns import ColumnOptions, ColumnType


@dataclass(frozen=True)
class Question:
    """What is asked about a column.

    Attributes:
        base: Its name and source.
        values: Its values.
        first: Whether it is the first column.
        this_year: Two-digit years are not far behind it.
        wanted: The type that the user has set.
        texts: Whether digits are texts, since the source knows numbers and has texts here.
        markers: Texts that mean missing in the whole file.
        missing: Texts that the user has set to mean missing in this column.
    """

    base: ColumnOptions
    values: Values
    first: bool
    this_year: int
    wanted: ColumnType | None = None
    texts: bool = False
    markers: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
