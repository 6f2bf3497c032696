"""Shape and trend, as SDMetrics defines them and the papers publish them: means of scores, 1 is best.

Shape: the KS complement of a number or date, the TV complement of a category. Trend: for two numbers, 1 - half of
the difference of their correlations; otherwise the TV complement of the joint table, numbers in ten bins of equal
width.

The report of SDMetrics bins each table between its own extremes, so one extreme value changes all pairs with that
column. The papers' figures are made that way, so it is `trend` here. `trend_same_bins` uses the bins of the real
table for both.
"""

import itertools

import pandas as pd
from sdmetrics.column_pairs import ContingencySimilarity, CorrelationSimilarity
from sdmetrics.reports import QualityReport
from tests.benchmarks.tables.roles import Roles


def scores(real: pd.DataFrame, other: pd.DataFrame, roles: Roles) -> dict[str, float]:
    """`shape`, `trend` and `trend_same_bins`."""
    report = QualityReport()
    # Newer versions leave out pairs with a weak relation and compare samples of the rows; the papers' did not.
    report.real_correlation_threshold = report.real_association_threshold = 0
    report.num_rows_subsample = None
    columns = roles.sdv_columns()
    metadata = {"tables": {"table": {"columns": {name: columns[name] for name in real.columns}}}, "relationships": []}
    report.generate({"table": real}, {"table": other}, metadata, verbose=False)
    found = report.get_properties().set_index("Property")["Score"]
    return {
        "shape": float(found["Column Shapes"]),
        "trend": float(found["Column Pair Trends"]),
        "trend_same_bins": _same_bins(real, other, roles),
    }


def _same_bins(real: pd.DataFrame, other: pd.DataFrame, roles: Roles) -> float:
    continuous = {*roles.numbers, *roles.dates}
    first, second = real.copy(), other.copy()
    for name in roles.dates:
        for table in (first, second):
            table[name] = (table[name] - pd.Timestamp(0)).dt.total_seconds()
    found = []
    for pair in itertools.combinations(real.columns, 2):
        both, numbers = list(pair), [name for name in pair if name in continuous]
        if len(numbers) == 2:
            found.append(CorrelationSimilarity.compute(first[both], second[both]))
        else:
            found.append(
                ContingencySimilarity.compute(
                    first[both].copy(), second[both].copy(), continuous_column_names=numbers or None
                )
            )
    return float(pd.Series(found).mean())
