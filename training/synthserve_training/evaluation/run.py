"""Evaluates a package with what fits its output, and writes the report beside it."""

import importlib
import importlib.util
import shutil
import tempfile
import time
from pathlib import Path

from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import html
from synthserve_training.evaluation.figures import Report, Section
from synthserve_training.evaluation.subject import Subject
from synthserve_training.run_folder import hardware, package_versions
from synthserve_training.startup import start_keras

REPORT_FOLDER = "report"

# Each has `evaluate(subject: Subject) -> list[Section]`.
_EVALUATIONS = {"table": "tables", "image": "images"}
_TRAINED_ANEW = {"table"}  # TensorFlow takes more than half a gigabyte, so it is not started for others


def evaluate(subject: Subject) -> Report:
    """Measures a package.

    Raises:
        EvaluationError: There is no evaluation for what the package generates.
        DatasetError: The data that it was trained on could not be loaded.
        RecipeError: Its recipe is not one of this version of the trainer.
    """
    started = time.monotonic()
    sections = _sections(subject)
    manifest = subject.manifest
    return Report(
        model=manifest.model,
        version=manifest.version,
        graph_sha256=manifest.graph.sha256,
        summary=manifest.card.summary,
        training_data=manifest.card.training_data,
        training_data_license=manifest.card.training_data_license,
        limits=tuple(manifest.card.limits),
        privacy=tuple(manifest.card.privacy),
        seed=subject.seed,
        seconds=round(time.monotonic() - started, 1),
        hardware=hardware(),
        packages=package_versions(),
        sections=tuple(sections),
    )


def write(report: Report, folder: Path) -> None:
    """Writes `report.json`, `report.html` and the plots in place of what the folder holds.

    Args:
        report: The report, with its pictures.
        folder: Made anew; it is never seen half written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
        part = Path(scratch) / "report"
        part.mkdir()
        (part / "report.json").write_text(report.to_json(), encoding="utf-8")
        (part / "report.html").write_text(html.render(report), encoding="utf-8")
        for section in report.sections:
            for plot in section.plots:
                (part / f"{plot.name}.png").write_bytes(plot.png)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)


def _sections(subject: Subject) -> list[Section]:
    output = subject.manifest.WhichOneof("output") or "nothing"
    name = f"{__package__}.{_EVALUATIONS.get(output, output)}"
    if output not in _EVALUATIONS or importlib.util.find_spec(name) is None:
        raise EvaluationError(f"{subject.folder} generates {output}: there is no evaluation for that")
    if output in _TRAINED_ANEW:
        start_keras()
    sections: list[Section] = importlib.import_module(name).evaluate(subject)
    return sections
