"""What `evaluate` writes, in which order, and what it leaves alone."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synthserve_training import cli
from synthserve_training import recipe as recipes
from synthserve_training.evaluation import figures, html, run
from synthserve_training.evaluation.figures import Report
from synthserve_training.evaluation.subject import Subject
from synthserve_training.export import package
from synthserve_training.train.experiment import assemble
from synthserve_training.train.loop import fit
from synthserve_training.train.run_folder import RunFolder

LARGEST_SEED = 2**31


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """A repository, and the report of its package, with the largest seed that `evaluate` takes."""
    folder = tmp_path_factory.mktemp("measured")
    text = recipes.read("iris-vae").replace("epochs = 300", "epochs = 2")
    experiment, training = assemble(recipes.parse(text), seed=0), RunFolder(folder / "run")
    fit(experiment, training, epochs=2)
    history = package.Training(2, training.training_seconds(2), training.facts())
    written = package.write(experiment.recipe, experiment.generative(), history, folder / "models", 1)
    return folder / "models", run.evaluate(Subject.open(written, seed=LARGEST_SEED, retrain=1))


@pytest.fixture
def folder(measured: tuple[Path, Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package; its repository's folder is the current one."""
    target = tmp_path / "models/iris-vae/1"
    target.mkdir(parents=True)
    for path in (measured[0] / "iris-vae/1").iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return target


@pytest.fixture
def evaluate(measured: tuple[Path, Report], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int | str | None]:
    """Types the command, whose measuring is done already; `meanwhile` happens while it is."""

    def type_command(*arguments: str, meanwhile: Callable[[], object] = lambda: None) -> int | str | None:
        def measure(_subject: Subject) -> Report:
            meanwhile()
            return measured[1]

        monkeypatch.setattr(run, "evaluate", measure)
        monkeypatch.setattr(sys, "argv", ["synthserve-train", "evaluate", "iris-vae", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    return type_command


Evaluate = Callable[..., int | str | None]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def recorded(folder: Path) -> set[str]:
    return {figure["metric"] for figure in json.loads((folder / "manifest.json").read_text()).get("figures", [])}


def test_report_and_figures_are_written_and_again(folder: Path, evaluate: Evaluate) -> None:
    for _ in range(2):
        assert evaluate() == 0
        report = figures.read(folder / "report/report.json")
        assert (report.seed, report.repeats) == (LARGEST_SEED, 1)
        assert recorded(folder) == {figure.metric for figure in report.headline()}
    assert sorted(path.name for path in folder.iterdir()) == ["generate.onnx", "manifest.json", "report"]


def test_figures_are_not_recorded_without_their_report(
    folder: Path, evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_report: Report) -> str:
        raise OSError(28, "No space left on device", "report.html")

    monkeypatch.setattr(html, "render", full)
    before = contents(folder)
    assert evaluate() == 1
    assert capsys.readouterr().err.splitlines()[-1] == "error: report.html: No space left on device"
    assert contents(folder) == before


def test_package_that_was_replaced_meanwhile_gets_neither(
    folder: Path, evaluate: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = folder / "manifest.json"
    other = json.loads(manifest.read_text())
    other["methods"][0]["sha256"] = "0" * 64
    assert evaluate(meanwhile=lambda: manifest.write_text(json.dumps(other))) == 1
    assert "was replaced while it was measured" in capsys.readouterr().err
    assert not recorded(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["generate.onnx", "manifest.json"]


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (".", "error: . is the current folder or a mount, which cannot be replaced: give --output"),
        ("models", "error: models holds iris-vae, which is not part of an earlier report: give --output"),
        ("models/iris-vae/1/generate.onnx", "error: models/iris-vae/1/generate.onnx is a file: give --output"),
        (
            "models/iris-vae/1/generate.onnx/x",
            "error: models/iris-vae/1/generate.onnx/x cannot be written (Not a dir",
        ),
        ("/proc/none/x", "error: /proc/none/x cannot be written ("),
    ],
)
def test_place_that_is_taken_is_refused_before_anything_is_measured(
    output: str, problem: str, folder: Path, evaluate: Evaluate, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(folder)
    assert evaluate("--output", output, meanwhile=lambda: pytest.fail("it is measured")) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(problem)
    assert contents(folder) == before
