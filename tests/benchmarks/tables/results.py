"""What was measured of a model on a table, in files: a run that was stopped goes on where it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.tables.models import Model


@dataclass(frozen=True)
class Files:
    """The files of a model on a table.

    Attributes:
        folder: Of the table.
        model: The model.
    """

    folder: Path
    model: Model

    @property
    def rows(self) -> Path:
        """The rows that were drawn."""
        return self.folder / f"{self.model.name}.parquet"

    @property
    def timings(self) -> Path:
        """What the model's process measured, with its peak memory; or why it failed."""
        return self.folder / f"{self.model.name}.timings.json"

    @property
    def metrics(self) -> Path:
        """The figures of its rows; or why they failed."""
        return self.folder / f"{self.model.name}.metrics.json"

    @property
    def log(self) -> Path:
        """What its processes printed."""
        return self.folder / f"{self.model.name}.log"

    def read(self) -> Mapping[str, Any]:
        """All figures, by name. `error` says what failed."""
        found: dict[str, Any] = {}
        for path in (self.timings, self.metrics):
            if path.is_file():
                found |= json.loads(path.read_text())
        return found

    def forget(self) -> None:
        """Removes what was measured."""
        for path in (self.rows, self.timings, self.metrics, self.log):
            path.unlink(missing_ok=True)
