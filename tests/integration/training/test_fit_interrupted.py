"""`fit` that is ended keeps what was trained, and the same command goes on to the same model."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from synthserve_training.data.inspection import inspect, recipe_toml
from synthserve_training.data.reading import open_table
from synthserve_training.models.autoregressive import training
from synthserve_training.tables.fitting import Fitted, fit
from synthserve_training.train.run_folder import RunFolder

PROGRAM = Path(sys.executable).with_name("synthserve-train")
ROWS = 120


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table of two columns."""
    draw = np.random.default_rng(0)
    colours, sizes = np.array(["red", "green", "blue"]), np.array(["large", "small"])
    rows = zip(colours[draw.integers(0, 3, ROWS)], sizes[draw.integers(0, 2, ROWS)], strict=True)
    (tmp_path / "t.csv").write_text("\n".join(["colour,size", *(",".join(row) for row in rows), ""]))
    return tmp_path


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three epochs, not compiled: compiling takes longer than a training of this size."""
    monkeypatch.setattr(training, "plan_for", lambda *_: training.Plan(batch_size=32, epochs=3))
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def figures(run: RunFolder) -> list[dict[str, str]]:
    """The log of a run, without what depends on the machine."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in run.losses()]


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def ended(folder: Path, how: signal.Signals, epochs: int) -> tuple[int, str]:
    """Starts the command and ends it when its log has some epochs: the exit status, and what it says."""
    with subprocess.Popen(
        [PROGRAM, "fit", "t.csv", "--size", "S", "--no-report"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            run = RunFolder(folder / "runs/t")
            while process.poll() is None and not (run.checkpoint.is_file() and len(run.losses()) >= epochs):
                time.sleep(0.01)  # the log comes a moment after it is written; a test's limit ends this
            process.send_signal(how)
            assert process.stderr is not None
            said = process.stderr.read()
        finally:
            process.kill()
    return process.returncode, said


def test_training_that_is_ended_is_kept_and_goes_on(folder: Path) -> None:
    run = RunFolder(folder / "runs/t")
    status, said = ended(folder, signal.SIGINT, epochs=1)
    assert status == 130
    assert said.splitlines()[-1] == (
        "note: interrupted: runs/t keeps what was trained, and the same command goes on from there"
    )
    assert "Traceback" not in said
    first = figures(run)
    assert not [name for name in files(folder) if name.endswith(".part") or name.startswith("models/")]
    # The log is written before the checkpoint: the last of its epochs can be lacking there.
    assert ended(folder, signal.SIGKILL, epochs=len(first) + 2)[0] == -signal.SIGKILL
    assert figures(run)[: len(first)] == first
    with np.load(run.checkpoint, allow_pickle=False) as arrays:
        assert int(arrays["epoch"]) > len(first)
    assert not [name for name in files(folder) if name.startswith("models/")]


class EndedAt:
    """A progress that sends this process a signal at some step."""

    def __init__(self, step: str, count: int) -> None:
        self.step, self.left = step, count

    def __call__(self, what: str, *_: Any) -> None:
        self.left -= what == self.step
        if self.left == 0:
            self.left = -1
            signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("short")
def test_training_that_was_interrupted_anywhere_ends_with_the_same_model(folder: Path) -> None:
    source = open_table(str(folder / "t.csv"))
    text = recipe_toml(inspect(source), "t").replace("[[columns]]", '[network]\nsize = "S"\n\n[[columns]]', 1)

    def trained(run: str, *ends: EndedAt) -> Fitted:
        for progress in ends:
            with pytest.raises(KeyboardInterrupt):
                fit(text, open_table(str(folder / "t.csv")), RunFolder(folder / run), progress=progress)
        return fit(text, source, RunFolder(folder / run))

    # While rows are read, in the first epoch, in the second one, and after the training.
    interrupted = trained(
        "interrupted",
        EndedAt("reading", 1),
        EndedAt("training", 2),
        EndedAt("training", 5),
        EndedAt("correcting", 1),
    )
    straight = trained("straight")
    assert len(figures(straight.folder)) == 3
    assert (interrupted.epochs, interrupted.bits) == (straight.epochs, straight.bits)
    assert figures(interrupted.folder) == figures(straight.folder)
    assert files(interrupted.folder.path) == files(straight.folder.path)
    graphs = [each.model.graph().model.SerializeToString() for each in (interrupted, straight)]
    assert graphs[0] == graphs[1]
