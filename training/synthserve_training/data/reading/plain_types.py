"""Makes the columns of typed sources plain: texts, numbers, truth values, dates and times."""

import json

import polars as pl

from synthserve_training.data.reading.layout import ReadingNote


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Replaces categories by their texts, nested values by JSON, and bytes by hexadecimal digits."""
    return frame.with_columns(_plain(series) for series in frame.get_columns() if _kind(series.dtype))


def notes(schema: pl.Schema) -> list[ReadingNote]:
    """What people should know of columns that become texts."""
    texts = {"nested": "its values are nested; they became JSON texts", "bytes": "its bytes became hexadecimal digits"}
    kinds = {name: _kind(dtype) for name, dtype in schema.items()}
    return [ReadingNote(texts[kind], column=name) for name, kind in kinds.items() if kind in texts]


def _kind(dtype: pl.DataType) -> str | None:
    if dtype.is_nested() or dtype == pl.Object:
        return "nested"
    if dtype == pl.Binary:
        return "bytes"
    return "categories" if isinstance(dtype, pl.Categorical | pl.Enum) else None


def _plain(series: pl.Series) -> pl.Series:
    match _kind(series.dtype):
        case "nested":
            return pl.Series(series.name, [_json(value) for value in series.to_list()], pl.String)
        case "bytes":
            return series.bin.encode("hex")
        case _:
            return series.cast(pl.String)


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)
