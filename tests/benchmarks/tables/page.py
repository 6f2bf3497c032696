"""The tables of `docs/tables.md`, in Markdown, from the results."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.report import table
from tests.benchmarks.tables import datasets, published
from tests.benchmarks.tables.models import MODELS
from tests.benchmarks.tables.results import Files

BEGIN, END = "<!-- begin: make bench-tables -->", "<!-- end: make bench-tables -->"

Results = Mapping[str, Mapping[str, Any]]
"""Figures by name, by model, in the order of `MODELS`."""

QUALITY = (
    ("shape error, %", "shape"),
    ("trend error, %", "trend"),
    ("same bins", "trend_same_bins"),
    ("XGB C2ST", "xgboost_c2st"),
    ("LR C2ST", "logistic_c2st"),
    ("XGB AUC, held-out", "xgboost_auc_held_out"),
    ("MLE", "mle"),
    ("DCR share", "dcr_share"),
    ("spike hits", "spike_hit_rate"),
)
"""The columns of the tables of quality: title and figure."""

ERRORS = frozenset({"shape", "trend", "trend_same_bins"})
"""Figures that are shown as their distance from 1, in percent."""

SPEED = (
    ("training, s", "fit_seconds"),
    ("CPU s", "fit_cpu_seconds"),
    ("peak memory, MiB", "peak_mib"),
    ("first row, ms", "first_row_seconds"),
    ("rows/s, data frame", "frame_rows_per_second"),
    ("rows/s, CSV", "csv_rows_per_second"),
    ("load before", "load_before"),
)


def read(folder: Path) -> dict[str, tuple[Mapping[str, Any], Results]]:
    """The facts and results of all tables of a folder, in the order of `datasets.NAMES`."""
    found: dict[str, tuple[Mapping[str, Any], Results]] = {}
    for name in datasets.NAMES:
        facts = folder / name / "facts.json"
        if facts.is_file():
            results = {model.name: Files(folder / name, model).read() for model in MODELS}
            found[name] = json.loads(facts.read_text()), {model: seen for model, seen in results.items() if seen}
    return found


def tables(found: Mapping[str, tuple[Mapping[str, Any], Results]], papers: Path) -> str:
    """All tables: quality beside the papers' figures, and speed.

    Args:
        found: What `read` gives.
        papers: The folder of the papers' figures.
    """
    known = published.read(papers)
    parts = [
        part
        for name, (facts, results) in found.items()
        for part in _of_table(name, facts, results, known.get(name, {}))
    ]
    return "\n\n".join(parts)


def replaced(text: str, content: str) -> str:
    """A page with new content between its marks.

    Raises:
        ValueError: The page does not have both marks once, in their order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the page needs {BEGIN} and {END}, once each and in this order")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{content}\n\n{END}{rest.split(END)[1]}"


def _of_table(
    name: str, facts: Mapping[str, Any], results: Results, papers: Mapping[str, Mapping[str, float]]
) -> Iterator[str]:
    yield f"### {name}\n\n{facts['train']:,} training rows, {facts['held_out']:,} held-out rows."
    rows = [(_title(model), *_cells(seen, QUALITY)) for model, seen in results.items() if "shape" in seen]
    rows += [
        (f"{method}, published", *_cells(papers[method], QUALITY)) for method in published.METHODS if method in papers
    ]
    yield table(("rows of", *(title for title, _ in QUALITY)), rows)
    timed = [(_title(model), *_cells(seen, SPEED)) for model, seen in results.items() if "fit_seconds" in seen]
    if timed:
        yield table(("model", *(title for title, _ in SPEED)), timed)
    failures = [f"- {_title(model)}: {seen['error']}" for model, seen in results.items() if "error" in seen]
    if failures:
        yield "Not measured:\n\n" + "\n".join(failures)


def _title(model: str) -> str:
    return next(known.title for known in MODELS if known.name == model)


def _cells(figures: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> list[str]:
    return [_cell(name, figures.get(name)) for _, name in columns]


def _cell(name: str, value: float | None) -> str:
    if value is None or math.isnan(value):
        return ""
    if name in ERRORS:
        return f"{100 * (1 - value):.2f}"
    if name == "first_row_seconds":
        return f"{1000 * value:,.1f}"
    if name in {figure for _, figure in QUALITY}:
        return f"{value:.3f}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
