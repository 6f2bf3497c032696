"""The cells of any source as texts, so that typed and textual sources are inspected and read in one way."""

import json

import polars as pl

from synthserve_training.data.reading.layout import FileLayout

TYPED_FORMATS = frozenset({"parquet", "arrow", "database"})
"""Formats that know the types of their columns."""


def textual(cells: pl.Series) -> pl.Series:
    """Cells as texts: String; null where a value is missing, or is no number."""
    kind = cells.dtype
    if kind == pl.String:
        return cells
    if kind.is_float():
        return cells.fill_nan(None).cast(pl.String)
    if kind == pl.Datetime:
        zoned = getattr(kind, "time_zone", None)
        cells = cells.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else cells
        pattern = "%Y-%m-%d %H:%M:%S" if not (cells.dt.microsecond() != 0).any() else "%Y-%m-%d %H:%M:%S%.6f"
        return cells.dt.to_string(pattern + ("Z" if zoned else ""))
    if kind == pl.Date:
        return cells.dt.to_string("%Y-%m-%d")
    if kind == pl.Time:
        return cells.dt.to_string("%H:%M:%S%.6f")
    if kind == pl.Duration:
        return (cells.dt.total_microseconds() / 1e6).cast(pl.String)
    if kind == pl.Binary:
        return cells.bin.encode("hex")
    if kind.is_nested() or kind == pl.Object:
        return pl.Series(cells.name, [None if cell is None else _json(cell) for cell in cells], pl.String)
    return cells.cast(pl.String)


def _json(cell: object) -> str:
    return json.dumps(cell.to_list() if isinstance(cell, pl.Series) else cell, ensure_ascii=False, default=str)


def texts_are_texts(layout: FileLayout, kind: pl.DataType) -> bool:
    """Whether digits in a column are texts: the source knows numbers, and has texts there."""
    return layout.format in TYPED_FORMATS and kind in (pl.String, pl.Categorical, pl.Enum)
