"""What an evaluation knows of a table's columns, and the way from a graph's outputs to a data frame."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from synthserve.v1.manifest_pb2 import Manifest
from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, COLUMN_TYPE_DOUBLE, TableSchema


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes:
        schema: What the package says of them.
        target: The column of classes that classifiers are to tell, and that splits keep in proportion; None: there is
            no column of categories.
    """

    schema: TableSchema
    target: str | None

    @classmethod
    def of(cls, manifest: Manifest) -> "Columns":
        """Reads a manifest. The target is the column that can be asked for, else the last one of categories."""
        categories = [c.name for c in manifest.table.columns if c.type == COLUMN_TYPE_CATEGORY]
        conditions = [c.column for c in manifest.conditions]
        return cls(manifest.table, next(iter([*conditions, *reversed(categories)]), None))

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers."""
        return [c.name for c in self.schema.columns if c.type != COLUMN_TYPE_CATEGORY]

    @property
    def categories(self) -> dict[str, list[str]]:
        """The columns of categories, and these."""
        return {c.name: list(c.categories) for c in self.schema.columns if c.type == COLUMN_TYPE_CATEGORY}

    def frame(self, batches: Iterable[Mapping[str, NDArray[np.generic]]]) -> pd.DataFrame:
        """Puts batches of finished values into one frame; codes become the categories' names."""
        parts = list(batches)
        whole = {c.name: np.concatenate([part[c.name] for part in parts]) for c in self.schema.columns}
        for name, categories in self.categories.items():
            whole[name] = np.array(categories, dtype=object)[whole[name]]
        return pd.DataFrame(whole).astype(dict.fromkeys(self.categories, "string"))

    def finished(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rounds numbers as the package's schema says."""
        decimals = {c.name: c.decimals if c.HasField("decimals") else 15 for c in self.schema.columns}
        doubles = {c.name for c in self.schema.columns if c.type == COLUMN_TYPE_DOUBLE}
        rounded = {name: frame[name].round(decimals[name] if name in doubles else 0) for name in self.numbers}
        return frame.assign(**rounded)

    def encode(self, frame: pd.DataFrame, without: str | None = None) -> NDArray[np.float64]:
        """Numbers as they are and categories one-hot, [rows, width]; one column can be left out."""
        numbers = [frame[name].to_numpy(np.float64)[:, None] for name in self.numbers if name != without]
        one_hot = [
            (frame[name].to_numpy(object)[:, None] == np.array(categories, dtype=object)).astype(np.float64)
            for name, categories in self.categories.items()
            if name != without
        ]
        return np.concatenate([*numbers, *one_hot], axis=1)
