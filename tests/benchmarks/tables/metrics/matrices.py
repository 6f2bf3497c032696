"""Tables as sparse matrices: a column for each number, and for each category.

The papers' matrices are dense. Where columns have hundreds of categories, these take gigabytes, and each fit takes
minutes. A row of a sparse matrix has its numbers, also those that are 0, and a 1 for each of its categories.
XGBoost takes the other categories for missing values: a split by a category parts the same rows as in a dense matrix.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix


def sparse(table: pd.DataFrame, categories: Mapping[str, pd.Index]) -> csr_matrix:
    """The columns of a table in their order, with a column for each category.

    Args:
        table: Its columns are numbers, but for those of `categories`, which are texts.
        categories: The known values of each column of texts. Another value has no column.

    Returns:
        float64 [rows, numbers + known values]. Numbers are stored even where they are 0.
    """
    columns, values, width = [], [], 0
    for name in table.columns:
        known = categories.get(name)
        codes = np.zeros(len(table), np.int64) if known is None else known.get_indexer(pd.Index(table[name]))
        columns.append(np.where(codes < 0, -1, width + codes))
        values.append(table[name].to_numpy(np.float64) if known is None else np.ones(len(table)))
        width += 1 if known is None else len(known)
    where = np.column_stack(columns)
    stored = where >= 0
    starts = np.concatenate([[0], np.cumsum(stored.sum(axis=1))])
    return csr_matrix((np.column_stack(values)[stored], where[stored], starts), shape=(len(table), width))
