"""What the peers of SDV have in common: the metadata of a table, and how rows are drawn.

All settings are SDV's defaults.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from sdv.metadata import Metadata
from tests.benchmarks.tables.peers.process import Job, PandasOutput

TABLE = "table"


class SdvTable(PandasOutput):
    """A single-table synthesiser of SDV."""

    def __init__(self, make: Callable[[Metadata], Any]) -> None:
        self._make = make
        self._model: Any = None

    def fit(self, job: Job) -> None:
        """Learns the table."""
        np.random.seed(job.seed)  # SDV draws from the global generators.
        torch.manual_seed(job.seed)
        columns = job.roles.sdv_columns()
        self._model = self._make(Metadata.load_from_dict({"tables": {TABLE: {"columns": columns}}}))
        self._model.fit({TABLE: job.train()})

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows."""
        drawn: pd.DataFrame = self._model.sample(num_rows=count)[TABLE]
        return drawn
