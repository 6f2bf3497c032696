"""Values that keep a column from being what all of its other values are: one day that no calendar has among dates."""

from dataclasses import dataclass

import polars as pl

from synthserve_training.data.inspection.deciding.questions import Question
from synthserve_training.data.inspection.formats import numbers, read, times
from synthserve_training.data.inspection.frames import where
from synthserve_training.tables.columns import ColumnOptions, ColumnType

_SAMPLE = 20
_STARTS = (0.0, 0.3, 0.6)
"""Where in the distinct texts the samples begin that say how the others are written."""

_MOST = 0.02
"""The largest share of distinct texts, and of rows, that are misfits."""

_FEWEST = 20
"""Fewer distinct texts say too little of what the column is."""


@dataclass(frozen=True)
class Misfits:
    """Values that keep a column from being of a type.

    Attributes:
        type: What all other values are.
        row: The first row of them, from 0.
        text: Its text.
        count: How many rows have them.
    """

    type: ColumnType
    row: int
    text: str
    count: int


def misfits(question: Question, rest: pl.DataFrame) -> Misfits | None:
    """Finds the misfits of a column that is read as texts.

    Args:
        question: What is asked about the column.
        rest: Its distinct values without missing ones: text, rows, first.
    """
    if rest.height < _FEWEST or question.wanted is not None or question.texts:
        return None
    rows = int(rest["rows"].sum()) + question.values.beyond
    for start in _STARTS:
        sample = rest["text"].slice(int(start * rest.height), _SAMPLE)
        for way in _ways(question, sample):
            bad = where(rest, read(rest["text"], way).is_null())
            count = int(bad["rows"].sum())
            if 0 < bad.height <= max(1, _MOST * rest.height) and count <= max(1, _MOST * rows):
                first = bad.sort("first").row(0, named=True)
                return Misfits(way.type, int(first["first"]), str(first["text"]), count)
    return None


def _ways(question: Question, texts: pl.Series) -> list[ColumnOptions]:
    found = times.candidates(texts, question.base, this_year=question.this_year)
    return (found or numbers.candidates(texts, question.base))[:1]
