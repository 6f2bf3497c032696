"""No model: training rows, drawn with replacement. What sampling alone costs, and what copying looks like."""

import numpy as np
import pandas as pd
from tests.benchmarks.tables.peers.process import Job, PandasOutput, run


class Bootstrap(PandasOutput):
    """The training rows."""

    def fit(self, job: Job) -> None:
        """Reads them."""
        self._train = job.train()
        self._random = np.random.default_rng(job.seed)

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows."""
        return self._train.iloc[self._random.integers(0, len(self._train), count)].reset_index(drop=True)


if __name__ == "__main__":
    run(Bootstrap)
