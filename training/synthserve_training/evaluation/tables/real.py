"""The real rows that a package is compared with: those that its model was trained on, and others."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, COLUMN_TYPE_DOUBLE, COLUMN_TYPE_INT64, TableSchema
from synthserve_training.errors import EvaluationError
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role
from synthserve_training.tables.typed import TypedColumn, TypedTable

_TYPES = {
    COLUMN_TYPE_DOUBLE: ColumnType.DECIMAL,
    COLUMN_TYPE_INT64: ColumnType.INTEGER,
    COLUMN_TYPE_CATEGORY: ColumnType.CATEGORY,
}


@dataclass(frozen=True)
class RealRows:
    """Real rows, in columns as the package names them.

    Attributes:
        train: The rows that the model was trained on.
        held_out: Rows of the same source that it has not seen; None: it was trained on all.
        made_up: The names of the columns that rules make, which the rows do not have.
    """

    train: TypedTable
    held_out: TypedTable | None = None
    made_up: frozenset[str] = frozenset()

    @classmethod
    def of(cls, columns: Iterable[ColumnOptions], train: TypedTable, held_out: TypedTable) -> "RealRows":
        """The rows of a table that were read by a recipe.

        Args:
            columns: The columns of the recipe.
            train: See `RealRows`.
            held_out: There may be none.
        """
        made_up = frozenset(column.name for column in columns if column.role is Role.RULE)
        return cls(train, held_out if len(held_out) else None, made_up)


def typed(frame: pd.DataFrame, schema: TableSchema) -> TypedTable:
    """Types the rows of a built-in dataset.

    Args:
        frame: Cleaned rows, without missing values: see `data.preprocessing.table.clean`.
        schema: The columns; DOUBLE, INT64 and CATEGORY.

    Raises:
        EvaluationError: A column is of another type.
    """
    columns = []
    for column in schema.columns:
        if column.type not in _TYPES:
            raise EvaluationError(f"the column {column.name} is of a type that no built-in dataset has: give --data")
        options = ColumnOptions(name=column.name, type=_TYPES[column.type])
        valid = np.ones(len(frame), np.bool_)
        if options.type is ColumnType.CATEGORY:
            texts, codes = np.unique(frame[column.name].to_numpy(str), return_inverse=True)
            columns.append(TypedColumn(options, codes.astype(np.int32), valid, tuple(texts.tolist())))
        else:
            dtype = np.float64 if options.type is ColumnType.DECIMAL else np.int64
            columns.append(TypedColumn(options, frame[column.name].to_numpy(dtype), valid))
    return TypedTable(columns)
