"""Tables in the form that the metrics need."""

import numpy as np
import pandas as pd
from tests.benchmarks.tables.roles import Roles

MOST_ROWS = 100_000
"""So many rows of each table at most are compared."""
MOST_CATEGORIES = 1_000
"""A category of more values is a number, its code, and no column for each value."""


def as_typed(rows: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table in the order and with the types of another one."""
    typed = {}
    for name in like.columns:
        values, kind = rows[name], like[name].dtype
        if kind.kind in "iu":
            values = values.astype(float).round()
        if kind.kind == "b" and values.dtype.kind in "OU":
            values = values.astype(str).str.lower() == "true"
        if kind.kind == "O":
            values = values.astype(str).astype(object).where(values.notna(), None)
        if kind.kind == "M":
            values = pd.to_datetime(values, utc=True).dt.tz_localize(None)
        typed[name] = values.astype(kind)
    return pd.DataFrame(typed)


def comparable(real: pd.DataFrame, other: pd.DataFrame, roles: Roles) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables as the detectors take them.

    Categories that are no numbers become texts; SDMetrics gives a column to each of their values in `real`. One that
    `real` does not have becomes the most frequent one, since SDMetrics refuses it. Dates become seconds.
    """
    tables = [real.head(MOST_ROWS).copy(), other.head(MOST_ROWS).copy()]
    for name in roles.dates:
        for table in tables:
            table[name] = (table[name] - pd.Timestamp(0)).dt.total_seconds()
    for name in roles.categories:
        if tables[0][name].dtype.kind in "iufb":
            continue
        known = tables[0][name].astype(str).value_counts().index
        for table in tables:
            texts = table[name].astype(str)
            if len(known) > MOST_CATEGORIES:
                table[name] = pd.Series(np.arange(len(known)), index=known).reindex(texts).fillna(-1).to_numpy()
            else:
                table[name] = texts.where(texts.isin(known), known[0]).astype(object)
    return tables[0], tables[1]
