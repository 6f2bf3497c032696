"""The table model of this project, as a user trains it: `synthserve-train inspect` and `synthserve-train fit`.

Its training time is that of both commands: the start of Python, reading, training and export. As the peers do, it
learns all rows that it is given, measures none of its own, and hears which columns of numbers are categories. Rows are
drawn in this process, by `synthserve_core`. It runs under the interpreter of this project.
"""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from tests.benchmarks.tables.peers.process import Job, run

import synthserve_core


class TableModel:
    """The model behind its commands and the library that serves it."""

    def __init__(self, min_rows: int | None = None) -> None:
        """With a recipe that says so, values of so few rows are published; the peers publish those of single rows."""
        self._min_rows = min_rows
        self._seed = 0
        self._drawn = 0
        self._missing: dict[str, str] = {}
        self._truths: dict[str, dict[bool, str]] = {}
        self._model: Any = None

    def fit(self, job: Job) -> None:
        """Trains and exports the model, and loads it."""
        self._seed = job.seed
        train, folder = job.train(), Path(job.folder)
        recipe = folder / "recipe.toml"
        numeric = [name for name in job.roles.categories if train[name].dtype.kind in "iuf"]
        chosen = [part for name in numeric for part in ("--set", f"{name}.type=category")]
        _train("inspect", job.csv, "--recipe", recipe, *chosen)
        if self._min_rows is not None:
            recipe.write_text(f"{recipe.read_text()}\n[privacy]\nmin_rows = {self._min_rows}\n")
        models = folder / "models"
        options = ("--recipe", recipe, "--seed", job.seed, "--export", models, "--run-dir", folder / "run")
        _train("fit", job.csv, *options, "--held-out", 0, "--no-report")
        columns = tomllib.loads(recipe.read_text())["columns"]
        # Texts of truth values are categories to the peers, and so is one that means a missing value, as ? in Adult.
        self._truths = {
            column["name"]: {True: column["true"][0], False: column["false"][0]}
            for column in columns
            if column.get("true") and train[column["name"]].dtype.kind == "O"
        }
        self._missing = {column["name"]: column["missing"][0] for column in columns if column.get("missing")}
        (manifest,) = models.glob("*/*/manifest.json")
        self._model = synthserve_core.load(manifest.parent)

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows."""
        frame: pd.DataFrame = self._next(count).to_pandas()
        for name, texts in self._truths.items():
            frame[name] = frame[name].map(texts)
        for name, text in self._missing.items():
            if name in frame and frame[name].dtype.kind not in "iufbM":
                frame[name] = frame[name].astype(object).where(frame[name].notna(), text)
        return frame

    def write_csv(self, count: int, path: Path) -> None:
        """Draws rows, and writes them as a CSV file."""
        frame = pl.from_arrow(self._next(count))
        if not isinstance(frame, pl.DataFrame):
            raise TypeError("rows are no table")
        frame.write_csv(path)

    def _next(self, count: int) -> Any:
        table = self._model.rows(seed=self._seed, count=count, start=self._drawn)
        self._drawn += count
        return table


def _train(*arguments: object) -> None:
    program = Path(sys.executable).with_name("synthserve-train")
    subprocess.run([str(part) for part in (program, *arguments)], check=True)


if __name__ == "__main__":
    run(lambda: TableModel(*map(int, sys.argv[2:])))
