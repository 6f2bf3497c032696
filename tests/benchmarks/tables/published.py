"""The papers' figures, from the files of the TabPC authors (`published_tabpc/`): their own runs of all methods."""

import csv
from collections.abc import Mapping
from pathlib import Path

FIGURES: Mapping[str, str] = {
    "shape": "shape",
    "trend": "trend",
    "xgboost_c2st": "xgb_detection",
    "logistic_c2st": "lr_detection",
    "mle": "mle",
    "dcr_share": "dcr",
}
"""The file of each figure. A share of DCR there is of models that learnt one half of the table."""

METHODS = ("TabPC", "TabDiff", "TabSyn", "TVAE", "CTGAN")
"""Those that are shown, best first."""


def read(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """The means of the papers: figures by name, by method, by table.

    Raises:
        OSError: A file is not there.
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for figure, name in FIGURES.items():
        with (folder / f"{name}.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["dataset"], {}).setdefault(row["method"], {})[figure] = float(row["mean"])
    return found
