"""What single rows hold, or one row fewer than are enough, is in nothing that `fit` writes and in no row."""

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.secret_rows import Secrets, files
from tests.fixtures.token_models import random_weights

import synthserve_core
from synthserve_training import cli
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.tables import fitting
from synthserve_training.tables.run import TableRun

DRAWN = 100_000


def without_training(_recipe: Any, run: TableRun, code: TableCode, encoded: Any, *_: Any) -> Any:
    """Random weights: which values can be drawn does not depend on the training, which takes a minute."""
    run.start_untrained(encoded)
    return random_weights(code.tokens), 0.0, 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which secrets were learnt, with and without a recipe to edit."""
    folder = tmp_path_factory.mktemp("secrets")
    Secrets().write(folder / "t.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(fitting, "_trained", without_training)
        for line in ("inspect t.csv --recipe t.toml", "fit t.csv --no-report"):
            patch.setattr(sys, "argv", ["synthserve-train", *line.split()])
            with pytest.raises(SystemExit) as ended:
                cli.main()
            assert not ended.value.code
    return folder


def test_secrets_are_in_no_file(folder: Path) -> None:
    secrets = Secrets()
    assert len(secrets.in_files([folder / "t.csv"])) > len(secrets.texts)  # they would be found
    written = files(folder / "models", folder / "runs")
    assert {"generate.onnx", "score.onnx", "manifest.json", "recipe.toml"} <= {path.name for path in written}
    assert secrets.in_files([*written, folder / "t.toml"]) == []


def test_secrets_are_in_no_row(folder: Path) -> None:
    secrets = Secrets()
    rows = synthserve_core.load(folder / "models/t/1").rows(seed=1, count=DRAWN)
    assert set(rows.column_names) == set(secrets.columns)
    assert secrets.in_rows(rows) == []
    assert min(rows["day"].to_pylist()).year >= 2018
    assert max(rows["amount"].to_pylist()) < 1_000
    assert set(rows["ward"].unique().to_pylist()) <= {"north", "south", "west"}
