"""The job of the metrics process, which runs under the peers' interpreter."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class MetricsJob:
    """What is measured.

    Attributes:
        train: Parquet file of the training rows.
        held_out: Parquet file of the held-out rows.
        synthetic: Parquet file of the rows to measure; None: the held-out ones themselves, as a reference.
        roles_file: The roles of the columns.
        seed: Of folds and choices.
        quick: Whether one setting of XGBoost is enough for the utility.
        output: The JSON file to write.
    """

    train: str
    held_out: str
    synthetic: str | None
    roles_file: str
    seed: int
    quick: bool
    output: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads what `write` wrote."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """Writes it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1))
