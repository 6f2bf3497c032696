"""Evaluates a package with what fits its output, and writes the report beside it."""

import importlib
import importlib.util
import json
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import html
from synthserve_training.evaluation.figures import Report, Section
from synthserve_training.evaluation.subject import Subject
from synthserve_training.run_folder import check_writable, hardware, package_versions
from synthserve_training.startup import start_keras

REPORT_FOLDER = "report"
_JSON, _HTML = "report.json", "report.html"

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
        repeats=subject.repeats,
        seconds=round(time.monotonic() - started, 1),
        hardware=hardware(),
        packages=package_versions(),
        sections=tuple(sections),
    )


def check_target(folder: Path) -> None:
    """Checks that a report can be written to a folder, and that nothing but an earlier report is lost by it.

    Raises:
        EvaluationError: It cannot, or something else is.
    """
    place = folder.resolve()
    advice = "give --output a new folder, an empty one, or that of an earlier report"
    if place == Path.cwd() or place.is_mount():
        raise EvaluationError(
            f"{folder} is the current folder or a mount, which nothing can take the place of: {advice}"
        )
    if place.is_dir():
        if foreign := sorted({path.name for path in place.iterdir()} - _files_of_report(place)):
            raise EvaluationError(f"{folder} holds {foreign[0]}, which is not part of an earlier report: {advice}")
    elif place.exists():
        raise EvaluationError(f"{folder} is a file: {advice}")
    try:
        check_writable(place.parent)
    except OSError as error:
        raise EvaluationError(f"{folder} cannot be written ({error.strerror}): {advice}") from None


def write(report: Report, folder: Path) -> None:
    """Writes `report.json`, `report.html` and the plots in place of the report that the folder holds.

    Args:
        report: The report, with its pictures.
        folder: Made anew; it is never seen half written.

    Raises:
        EvaluationError: The folder cannot be written, or holds something else.
    """
    check_target(folder)
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as scratch:
        part, before = Path(scratch) / "report", Path(scratch) / "before"
        part.mkdir()
        (part / _JSON).write_text(report.to_json(), encoding="utf-8")
        (part / _HTML).write_text(html.render(report), encoding="utf-8")
        for section in report.sections:
            for plot in section.plots:
                (part / f"{plot.name}.png").write_bytes(plot.png)
        if place.exists():
            _take_modes(place, part)
        try:
            if place.exists():
                place.rename(before)
            part.rename(place)
        except BaseException:
            if before.exists() and not place.exists():
                before.rename(place)  # else it would go with the scratch folder
            raise


def _take_modes(before: Path, folder: Path) -> None:
    """Gives a folder, and the files that both have, the modes of the one that it takes the place of."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            shutil.copymode(before / path.name, path)
    shutil.copymode(before, folder)


def _files_of_report(folder: Path) -> set[str]:
    # Not `figures.read`: a report of another version of the trainer may be replaced, too.
    try:
        sections = json.loads((folder / _JSON).read_bytes())["sections"]
        plots = {f"{plot['name']}.png" for section in sections for plot in section["plots"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {_JSON, _HTML, *plots}


def _sections(subject: Subject) -> list[Section]:
    output = subject.manifest.WhichOneof("output") or "nothing"
    name = f"{__package__}.{_EVALUATIONS.get(output, output)}"
    if output not in _EVALUATIONS or importlib.util.find_spec(name) is None:
        raise EvaluationError(f"{subject.folder} generates {output}: there is no evaluation for that")
    if output in _TRAINED_ANEW:
        start_keras()
    sections: list[Section] = importlib.import_module(name).evaluate(subject)
    return sections
