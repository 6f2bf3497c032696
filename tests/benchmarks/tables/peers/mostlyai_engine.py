"""The engine of MOSTLY AI (TabularARGN, Tiwald et al. 2025), with its default settings.

One is not: rare categories are replaced by others (`SAMPLE`). The default writes `_RARE_`, which no table has.
"""

import pandas as pd
from mostlyai.engine import TabularARGN
from tests.benchmarks.tables.peers.process import Job, PandasOutput, run


class Engine(PandasOutput):
    """The engine behind its scikit-learn interface."""

    def fit(self, job: Job) -> None:
        """Learns the table."""
        roles = job.roles
        kinds = dict.fromkeys(roles.categories, "TABULAR_CATEGORICAL")
        kinds |= dict.fromkeys(roles.numbers, "TABULAR_NUMERIC_AUTO")
        kinds |= dict.fromkeys(roles.dates, "TABULAR_DATETIME")
        train = job.train()
        self._columns = list(train.columns)
        self._whole = {name: train[name].dtype for name in train.columns if train[name].dtype.kind in "ib"}
        self._model = TabularARGN(
            tgt_encoding_types=kinds, workspace_dir=job.folder, random_state=job.seed, device="cpu"
        )
        self._model.fit(train)

    def rows(self, count: int) -> pd.DataFrame:
        """Draws rows. Its categories are texts; those of whole numbers and truth values become such again."""
        drawn: pd.DataFrame = self._model.sample(n_samples=count, rare_category_replacement_method="SAMPLE")[
            self._columns
        ]
        for name, kind in self._whole.items():
            drawn[name] = drawn[name] == "True" if kind.kind == "b" else drawn[name].astype(kind)
        return drawn


if __name__ == "__main__":
    run(Engine)
