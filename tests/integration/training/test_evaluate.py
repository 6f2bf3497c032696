"""The command, on real data: a package is made, measured, and told how good it is."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import json_format

from synthserve.v1.manifest_pb2 import Manifest
from synthserve_core import Equals
from synthserve_training import recipe as recipes
from synthserve_training.errors import EvaluationError, ExportError
from synthserve_training.evaluation import figures, run
from synthserve_training.evaluation.subject import Subject
from synthserve_training.export import package
from synthserve_training.export.manifest import record_figures
from synthserve_training.models.contract import GRAPH_FILE
from synthserve_training.train.run_folder import RunFolder
from synthserve_training.train.training import train

REPEATS = 2


def command(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("synthserve-train")
    environment = {**os.environ, "XDG_CACHE_HOME": str(cwd)}
    return subprocess.run([program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    recipe = recipes.parse(recipes.read("iris-vae").replace('"iris-vae"', '"small"'))
    package.export(train(recipe, RunFolder(folder / "run"), epochs=30), folder / "models")
    return folder


def manifest(folder: Path) -> Manifest:
    return json_format.Parse((folder / "manifest.json").read_text(), Manifest())


def test_command_measures_reports_and_tells_the_manifest(made: Path) -> None:
    folder = made / "models/small/1"
    before, graph = manifest(folder), (folder / GRAPH_FILE).read_bytes()
    result = command("evaluate", "small", "--retrain", str(REPEATS), cwd=made)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "report: models/small/1/report/report.html"

    report = figures.read(folder / "report/report.json")
    assert [section.title for section in report.sections] == [
        "Fidelity", "Detection", "Utility", "Conditions", "Privacy", "Columns", "Training",
    ]  # fmt: skip
    assert all(figure.reference is not None for figure in report.figures())
    assert report.repeats == REPEATS
    assert f"{REPEATS} trainings on halves, 30 epochs each" in report.sections[-1].summary  # the recipe says 300
    pictures = [plot.name for section in report.sections for plot in section.plots]
    assert {p.name for p in (folder / "report").iterdir()} == {
        "report.json",
        "report.html",
        *(f"{name}.png" for name in pictures),
    }
    assert all((folder / f"report/{name}.png").read_bytes().startswith(b"\x89PNG") for name in pictures)

    after = manifest(folder)
    assert [method.sha256 for method in after.methods] == [hashlib.sha256(graph).hexdigest()]
    assert list(after.figures) == report.headline()
    assert "tstr_accuracy" in {figure.metric for figure in after.figures}
    del after.figures[:]
    assert after == before
    assert (folder / GRAPH_FILE).read_bytes() == graph
    assert sorted(p.name for p in folder.iterdir()) == [GRAPH_FILE, "manifest.json", "report"]


def test_report_that_goes_elsewhere_leaves_the_package_as_it_is(made: Path, tmp_path: Path) -> None:
    folder = made / "models/small/1"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = command("evaluate", "small", "--seed", "3", "--output", tmp_path / "report", cwd=made)
    assert result.returncode == 0, result.stderr
    assert figures.read(tmp_path / "report/report.json").seed == 3
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_same_seed_gives_the_same_figures(made: Path) -> None:
    subject = Subject.open(made / "models/small/1", seed=5)
    first, second = run.evaluate(subject), run.evaluate(subject)
    assert first.figures() == second.figures()
    other = run.evaluate(Subject.open(made / "models/small/1", seed=6))
    assert other.figures() != first.figures()


def test_samples_do_not_depend_on_how_many_are_asked_for(made: Path) -> None:
    subject = Subject.open(made / "models/small/1", seed=5)
    (few,), (many,) = subject.samples(10), subject.samples(1000)
    assert all((few[name] == many[name][:10]).all() for name in few)
    (asked,) = subject.samples(50, where={"species": Equals("virginica")})
    assert set(asked["species"].tolist()) == {2}


def test_package_that_is_not_whole_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no model package"):
        Subject.open(tmp_path, seed=0)
    folder = shutil.copytree(made / "models/small/1", tmp_path / "small/1")
    (folder / GRAPH_FILE).write_bytes(b"another")
    with pytest.raises(EvaluationError, match=r"has the SHA-256 .*, not .* as the manifest says"):
        Subject.open(folder, seed=0)
    changed = manifest(folder)
    changed.ClearField("table")
    (folder / "manifest.json").write_text(json_format.MessageToJson(changed))
    with pytest.raises(EvaluationError, match="the manifest names neither a table nor an image"):
        Subject.open(folder, seed=0)


def test_package_that_was_replaced_meanwhile_gets_no_figures(made: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text((made / "models/small/1/manifest.json").read_text())
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(ExportError, match="was replaced while it was measured"):
        record_figures(tmp_path, "0" * 64, [])
    assert (tmp_path / "manifest.json").read_bytes() == before


SHIPPED = sorted((Path(__file__).parents[3] / "exported").glob("*/*/report/report.json"))


@pytest.mark.parametrize("path", SHIPPED, ids=[path.parents[2].name for path in SHIPPED])
def test_shipped_report_is_about_the_shipped_graph(path: Path) -> None:
    report, shipped = figures.read(path), manifest(path.parents[1])
    assert report.graph_sha256 in {method.sha256 for method in shipped.methods}
    assert report.headline() == list(shipped.figures)


def test_model_that_is_not_there_is_one_line_and_a_status(tmp_path: Path) -> None:
    result = command("evaluate", "nope", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr == (
        "error: models holds no model nope: give the folder that has it as --repository, or make one with "
        "`synthserve-train fit` or `export`\n"
    )


def test_adhd_from_raw_files_to_a_package(data_dir: Path, tmp_path: Path) -> None:
    options = ("--epochs", "5", "--data-dir", data_dir)
    result = command("run", "adhd-vae", *options, "--export", "models", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "exported adhd-vae after 5 epochs: models/adhd-vae/1"
    again = command("export", "adhd-vae", "--data-dir", data_dir, cwd=tmp_path)
    assert again.stdout == "exported adhd-vae after 5 epochs: models/adhd-vae/2\n"
    folder = tmp_path / "models/adhd-vae/1"
    made = manifest(folder)
    card = json.dumps(json_format.MessageToDict(made.card)).lower()
    assert "non-commercial" in made.card.license.lower()
    assert "anonym" not in card
    assert "complian" not in card
    (rows,) = Subject.open(folder, seed=0).samples(2000)
    assert rows["full4_iq"].dtype == "int64"
    assert rows["full4_iq"].min() > 40
    assert [c.column for c in made.conditions] == ["diagnosis"]
