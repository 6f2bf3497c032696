"""The distribution of each column, as pictures: the worst first."""

from synthserve_training.evaluation.figures import Plot, Section
from synthserve_training.evaluation.tables.measures import similarity
from synthserve_training.evaluation.tables.plots.columns import distribution
from synthserve_training.evaluation.tables.splits import Comparison

_MOST = 200

_SUMMARY = (
    "The rows that the model was trained on and {exported:,} rows of the exported graph, in the order of their "
    "similarity, the least similar first. Pictures of numbers end at the tenth smallest and the tenth largest real "
    "value; the outermost bars also hold what lies beyond."
)


def evaluate(comparison: Comparison) -> Section:
    """Draws the columns; of more than 200 the least similar."""
    rows, exported, columns = comparison.rows, comparison.exported, comparison.columns
    scores = similarity.shapes(rows, exported, columns)
    order = sorted(scores, key=lambda name: scores[name])[:_MOST]
    summary = _SUMMARY.format_map(comparison.facts)
    if len(scores) > _MOST:
        summary += f" These are {_MOST} of {len(scores):,} columns."
    plots = (
        Plot(
            name=f"column-{columns.measured.index(name) + 1}",
            caption=f"{name}: {'KS' if name in columns.numbers else 'TV'} complement {scores[name]:.4f}.",
            png=distribution(rows[name], exported[name], columns),
            subject=name,
        )
        for name in order
    )
    return Section(title="Columns", summary=summary, plots=tuple(plots))
