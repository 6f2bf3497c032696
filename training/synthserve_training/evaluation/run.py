"""Evaluates a package by the kind of its output, and writes the report beside it."""

import json
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from synthserve_core.contract.model import Table
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import html, images, tables
from synthserve_training.evaluation.figures import Report, Section
from synthserve_training.evaluation.sources import real_rows, table_recipe
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.evaluation.tables.scoring import scorer
from synthserve_training.train.machine import hardware, package_versions
from synthserve_training.train.run_folder import check_writable
from synthserve_training.whole_files import errors_naming

REPORT_FOLDER = "report"
_JSON, _HTML = "report.json", "report.html"


def evaluate(subject: Subject, real: RealRows | None = None, *, limit: int | None = None) -> Report:
    """Measures a package.

    Args:
        subject: The package.
        real: The real rows of a table that was learnt from a file; default: they are read again.
        limit: At most so many pictures of each set, see `images.evaluate`.

    Raises:
        EvaluationError: The package has no column that can be measured, or its dataset does not fit its output.
        DatasetError: The data that it was trained on could not be loaded.
        RecipeError: Its recipe is not one of this version of the trainer.
    """
    started = time.monotonic()
    sections = _sections(subject, real, limit)
    manifest = subject.manifest
    return Report(
        model=manifest.model,
        version=manifest.version,
        graph_sha256=subject.package.model.generate.sha256,
        summary=manifest.card.summary,
        training_data=manifest.card.training_data,
        training_data_license=manifest.card.training_data_license,
        limits=tuple(manifest.card.limits),
        privacy=tuple(manifest.card.privacy),
        seed=subject.seed,
        repeats=subject.retrain,
        seconds=round(time.monotonic() - started, 1),
        hardware=hardware(),
        packages=package_versions(),
        sections=tuple(sections),
    )


def check_target(folder: Path) -> None:
    """Checks that a report can be written to a folder, and that it would replace nothing but an earlier report.

    Raises:
        EvaluationError: It cannot, or it would.
    """
    place = folder.resolve()
    advice = "give --output a new folder, an empty one, or that of an earlier report"
    if place == Path.cwd() or place.is_mount():
        raise EvaluationError(f"{folder} is the current folder or a mount, which cannot be replaced: {advice}")
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
    """Writes `report.json`, `report.html` and the plots, in place of an earlier report.

    Args:
        report: The report, with its pictures.
        folder: Replaced as a whole, so that no reader finds half a report.

    Raises:
        EvaluationError: The folder cannot be written, or holds something else.
        OSError: No space is left; an earlier report stays as it was. The error names the folder.
    """
    check_target(folder)
    place = folder.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as scratch:
        part, before = Path(scratch) / "report", Path(scratch) / "before"
        with errors_naming(folder, part):
            part.mkdir()
            (part / _JSON).write_text(report.to_json(), encoding="utf-8")
            (part / _HTML).write_text(html.render(report), encoding="utf-8")
            for section in report.sections:
                for plot in section.plots:
                    (part / f"{plot.name}.png").write_bytes(plot.png)
        if place.exists():
            _copy_modes(place, part)
        try:
            if place.exists():
                place.rename(before)
            part.rename(place)
        except BaseException:
            if before.exists() and not place.exists():
                before.rename(place)  # else it is deleted with the scratch folder
            raise


def _copy_modes(before: Path, folder: Path) -> None:
    """Gives a folder, and the files that both have, the modes of the folder that it replaces."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            shutil.copymode(before / path.name, path)
    shutil.copymode(before, folder)


def _files_of_report(folder: Path) -> set[str]:
    # `figures.read` would refuse a report of another version of the trainer, which may be replaced, too.
    try:
        sections = json.loads((folder / _JSON).read_bytes())["sections"]
        plots = {f"{plot['name']}.png" for section in sections for plot in section["plots"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {_JSON, _HTML, *plots}


def _sections(subject: Subject, real: RealRows | None, limit: int | None) -> list[Section]:
    if isinstance(subject.package.model.output, Table):
        trainer = None
        if real is None:
            real, trainer = real_rows(subject)
        return tables.evaluate(subject, real, trainer=trainer, recipe=table_recipe(subject), score=scorer(subject))
    if subject.retrain:
        raise EvaluationError(
            f"{subject.manifest.model} generates images, which are not trained anew: leave out --retrain"
        )
    return images.evaluate(subject, limit=limit)
