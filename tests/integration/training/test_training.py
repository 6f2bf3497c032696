import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from synthserve_training import cli
from synthserve_training import recipe as recipes
from synthserve_training.errors import RunError
from synthserve_training.tables import shipped
from synthserve_training.train import checkpoint
from synthserve_training.train.experiment import Experiment, assemble
from synthserve_training.train.loop import fit
from synthserve_training.train.run_folder import RunFolder

# TensorFlow compiles the steps anew for a last batch that is smaller: 150 rows make 5 whole ones.
RECIPE = recipes.read("iris-vae").replace("batch_size = 32", "batch_size = 30")


def iris(seed: int = 5, change: tuple[str, str] = ("", "")) -> Experiment:
    return assemble(recipes.parse(RECIPE.replace(*change)), seed=seed)


def train(
    experiment: Experiment, folder: Path, epochs: int, *, resume: bool = False, overwrite: bool = False
) -> RunFolder:
    run = RunFolder(folder)
    fit(experiment, run, epochs=epochs, resume=resume, overwrite=overwrite)
    return run


def values(experiment: Experiment) -> Mapping[str, list[np.ndarray]]:
    return {name: [np.asarray(v) for v in group] for name, group in experiment.variables().items()}


def test_resumed_run_equals_the_uninterrupted_one(tmp_path: Path) -> None:
    whole, parts = iris(), iris()
    train(whole, tmp_path / "whole", 4)
    train(parts, tmp_path / "parts", 2)
    resumed = iris()
    run = train(resumed, tmp_path / "parts", 4, resume=True)
    for name, group in values(whole).items():
        for expected, actual in zip(group, values(resumed)[name], strict=True):
            np.testing.assert_array_equal(actual, expected)
    log = [{k: v for k, v in row.items() if k != "seconds"} for row in run.losses()]
    assert log == [{k: v for k, v in row.items() if k != "seconds"} for row in RunFolder(tmp_path / "whole").losses()]


def test_loss_falls_and_the_kl_weight_is_annealed(tmp_path: Path) -> None:
    rows = train(iris(), tmp_path, 101).losses()
    assert float(rows[100]["vae_mse"]) < 0.5 * float(rows[0]["vae_mse"])
    weights = [float(row["kl_weight"]) for row in rows]
    assert weights[0] == 0
    assert weights[50] == pytest.approx(0.005)
    assert weights[100] == pytest.approx(0.01)


def test_resume_refuses_what_does_not_fit(tmp_path: Path) -> None:
    train(iris(), tmp_path, 1)
    with pytest.raises(RunError, match="these differ: objective"):
        train(iris(change=("kl_weight = 0.01", "kl_weight = 0.1")), tmp_path, 2, resume=True)
    with pytest.raises(RunError, match="seed 5, not 6"):
        train(iris(seed=6), tmp_path, 2, resume=True)
    with pytest.raises(RunError, match="holds no training run"):
        train(iris(), tmp_path / "absent", 2, resume=True)


def test_earlier_run_is_never_deleted_unasked(tmp_path: Path) -> None:
    before = train(iris(), tmp_path, 1).checkpoint.read_bytes()
    with pytest.raises(RunError, match="--resume, or start anew with --overwrite"):
        train(iris(), tmp_path, 1)
    assert RunFolder(tmp_path).checkpoint.read_bytes() == before
    train(iris(seed=6), tmp_path, 1, overwrite=True)
    assert RunFolder(tmp_path).facts().seed == 6


def test_log_ahead_of_the_checkpoint_is_cut_back(tmp_path: Path) -> None:
    run = train(iris(), tmp_path, 2)
    log = run.losses()
    run.write_losses([*log, {**log[-1], "epoch": "3"}])
    assert [row["epoch"] for row in train(iris(), tmp_path, 4, resume=True).losses()] == ["1", "2", "3", "4"]


def test_damaged_record_is_an_error(tmp_path: Path) -> None:
    run = train(iris(), tmp_path, 1)
    (tmp_path / "run.json").write_text('{"seed": 5')
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        run.facts()


def test_damaged_or_foreign_checkpoint_is_an_error(tmp_path: Path) -> None:
    experiment = iris()
    path = train(experiment, tmp_path, 1).checkpoint
    other = iris(change=("hidden = [16, 8]", "hidden = [16, 8, 4]"))
    with pytest.raises(RunError, match="other networks"):
        checkpoint.restore(path, other.variables())
    wider = iris(change=("hidden = [16, 8]", "hidden = [16, 9]"))
    with pytest.raises(RunError, match="does not fit"):
        checkpoint.restore(path, wider.variables())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RunError, match="does not fit"):
        checkpoint.restore(path, experiment.variables())


def test_divergence_is_an_error_and_not_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="diverged in epoch"):
        train(iris(change=("learning_rate = 1e-3", "learning_rate = 1e30")), tmp_path, 20)
    with pytest.raises(RunError, match=r"without a checkpoint: start anew with --overwrite, which deletes run\.json"):
        train(iris(), tmp_path, 1)
    assert train(iris(), tmp_path, 1, overwrite=True).checkpoint.is_file()


@dataclass(frozen=True)
class Ended:
    """How a command has ended, and what it has written."""

    status: int | str | None
    out: str
    err: str


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Types a command in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["synthserve-train", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Ended(ended.value.code, *capsys.readouterr())

    return run


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_commands_train_resume_and_export(command: Callable[..., Ended], tmp_path: Path) -> None:
    listed = command("list")
    assert [line.split()[0] for line in listed.out.splitlines()] == [*recipes.names(), *shipped.names()]
    assert command("run", "iris-vae", "--epochs", "2", "--seed", "3").status == 0
    resumed = command("run", "iris-vae", "--epochs", "3", "--resume")
    assert resumed.out == "trained iris-vae: runs/iris-vae\n"
    assert [line.split()[1] for line in resumed.err.splitlines()] == ["3/3"]
    trained = contents(tmp_path)
    again = command("run", "iris-vae", "--epochs", "3", "--resume")
    assert again == Ended(0, "runs/iris-vae has 3 epochs already: nothing to train\n", "")
    assert contents(tmp_path) == trained
    exported = command("export", "iris-vae")
    assert exported == Ended(0, "exported iris-vae after 3 epochs: models/iris-vae/1\n", "")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("run", "nope"), "error: there is no recipe 'nope'"),
        (("export", "iris-vae"), "error: runs/iris-vae holds no training run"),
        (("run", "iris-vae", "--resume"), "error: runs/iris-vae holds no training run"),
    ],
)
def test_mistake_is_one_line_and_a_status(
    command: Callable[..., Ended], arguments: tuple[str, ...], problem: str
) -> None:
    result = command(*arguments)
    assert (result.status, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert result.err.startswith(problem)
