"""Data frames of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from synthserve._samples.kinds import RowInfo
    from synthserve._schema import Column


def frame(table: pa.Table, info: RowInfo) -> pd.DataFrame:
    """Turns a table into a data frame; `RowStream.to_pandas` says of which types.

    The types depend on the schema, never on whether a value is missing in this very sample.
    """
    import pandas as pd

    data = {column.name: _series(table.column(column.name), column) for column in info.schema.columns}
    result = pd.DataFrame(data)
    result.attrs["synthserve"] = {
        key.decode().removeprefix("synthserve."): value.decode()
        for key, value in (table.schema.metadata or {}).items()
        if key.startswith(b"synthserve.")
    }
    return result


def _series(values: pa.ChunkedArray, column: Column) -> pd.Series[Any]:
    import pyarrow as pa

    if column.type == "date":
        values = values.cast(pa.timestamp("us"))
    dtype = _extension_type(column)
    series: pd.Series[Any] = values.to_pandas(types_mapper=None if dtype is None else lambda _: dtype)
    if column.type == "category":
        # An empty table has no dictionary; the model still has its categories.
        series = series.cat.set_categories(list(column.categories))
    return series


def _extension_type(column: Column) -> pd.api.extensions.ExtensionDtype | None:
    """Returns the type for what NumPy has none for; None where it has one."""
    import pandas as pd

    if column.type == "string":
        return pd.StringDtype()
    nullable = {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}
    return nullable.get(column.type) if column.nullable else None
