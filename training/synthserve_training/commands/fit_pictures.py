"""The command `fit` for pictures: from a folder to a model that a server serves."""

import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from synthserve_training import console
from synthserve_training import recipe as recipes
from synthserve_training.commands.interruptions import saying_what_is_kept
from synthserve_training.commands.names import picture_model_name
from synthserve_training.errors import BackendError, DatasetError, EvaluationError, RecipeError, RunError
from synthserve_training.progress_bars import a_bar_for_each
from synthserve_training.recipe import Recipe
from synthserve_training.tables.toml import document
from synthserve_training.train import startup, training
from synthserve_training.train.run_folder import RunFolder, check_writable
from synthserve_training.train.training import Start
from synthserve_training.types import NO_FIGURES, Progress

_MOST_MEASURED = 10_000
"""How many pictures of each side the report compares."""


def fit_pictures(
    address: str,
    *,
    labels: str | None,
    recipe: str | None,
    name: str | None,
    settings: Sequence[str],
    export_to: Path,
    minutes: float | None,
    seed: int,
    run_dir: Path | None,
    overwrite: bool,
    report: bool,
) -> None:
    """Learns pictures and writes them as a model: inspect, train, export, measure.

    Interrupted, it keeps what was trained; the same command goes on.

    Args:
        address: Of the pictures.
        labels: What the user says of labels; None: found out.
        recipe: A recipe to train on them; None: one is proposed.
        name: Of the model; None: the recipe's, or that of the folder.
        settings: What the user changes in the recipe, as `SECTION.FIELD=VALUE`.
        export_to: Model repository to write to.
        minutes: Train at most so long.
        seed: Of all that is random.
        run_dir: Folder of the run; None: `runs/NAME`.
        overwrite: Whether another run in the folder is deleted.
        report: Whether the model is measured.

    Raises:
        DatasetError: The pictures cannot be read, or are too few.
        RecipeError: The recipe is not valid, or not one of pictures.
        RunError: The folder holds another run, or the training diverged.
        BackendError: Keras runs on another library than the one that writes models.
    """
    with a_bar_for_each() as progress:
        text = _proposed(address, labels, progress) if recipe is None else recipes.read(recipe)
        parsed = recipes.parse(_changed(text, address, labels, name, settings))
        folder = RunFolder(run_dir or Path("runs") / parsed.model)
        start = Start.OVERWRITE if overwrite else Start.RESUME if folder.checkpoint.is_file() else Start.NEW
        _check_start(parsed, folder, start, seed)
        check_writable(export_to / parsed.model)
        if (backend := startup.start_keras()) != "tensorflow":
            raise BackendError(
                f"fit takes TensorFlow, not {backend}: write a recipe with `inspect --recipe`, then `run` and `export`"
            )
        with saying_what_is_kept(folder, overwrite=overwrite):
            trained = training.train(
                parsed, folder, seed=seed, start=start, progress=_in_one_bar(progress, minutes), minutes=minutes
            )
        # It imports TensorFlow, which prints pages of notes unless Keras was started first.
        from synthserve_training.export import package

        written = package.export(trained, export_to)
        figures = _measure(written, seed, progress) if report else []
    for line in figures:
        typer.echo(line)
    typer.echo(f"exported {parsed.model}, version {written.name}: {written}")
    typer.echo(f"serve it: synthserve-server --model-repository {export_to}")


def _proposed(address: str, labels: str | None, progress: Progress) -> str:
    """Inspects the pictures; prints what a user must know before the training."""
    from synthserve_training.data.pictures import inspection
    from synthserve_training.data.pictures.collecting import check_learnable
    from synthserve_training.data.pictures.sources.opening import open_source

    found = inspection.inspect(open_source(address, labels), progress)
    for line in found.problems.lines():
        console.note(f"{address}: {line}")
    check_learnable(address, found.count, found.problems, all_equal=found.all_equal)
    return inspection.recipe_toml(found, picture_model_name(address), labels)


def _changed(text: str, address: str, labels: str | None, name: str | None, settings: Sequence[str]) -> str:
    """A recipe with what the command line says; as it is, comments and all, where nothing differs.

    Raises:
        RecipeError: The recipe is not one of pictures, or a setting is not of the form.
    """
    parsed = recipes.parse(text)
    if parsed.dataset.kind != "pictures":
        raise RecipeError(
            f'the recipe {parsed.model} has its own data: set [dataset] kind = "pictures" to learn others'
        )
    content: dict[str, Any] = tomllib.loads(text)
    changes = {("dataset", "path"): address, ("dataset", "labels"): labels, ("model",): name}
    changes |= dict(map(_setting, settings))
    changed = False
    for place, value in changes.items():
        section = content
        for key in place[:-1]:
            section = section.setdefault(key, {})
            if not isinstance(section, dict):
                raise RecipeError(f"--set {'.'.join(place)}: the recipe has no such section")
        if value is not None and section.get(place[-1]) != value:
            section[place[-1]], changed = value, True
    return document(content) if changed else text


def _setting(text: str) -> tuple[tuple[str, ...], Any]:
    name, separator, written = text.partition("=")
    place = tuple(part.strip() for part in name.split("."))
    if not separator or not all(place):
        raise RecipeError(f"--set {text}: write SECTION.FIELD=VALUE, such as dataset.size=32")
    try:
        return place, tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return place, written.strip()


def _check_start(recipe: Recipe, folder: RunFolder, start: Start, seed: int) -> None:
    try:
        training.check_start(recipe, folder, start, seed)
    except RunError as error:
        if start is not Start.RESUME:
            raise
        raise RunError(f"{error}: start anew with --overwrite, or give another --run-dir") from None


def _in_one_bar(progress: Progress, minutes: float | None) -> Progress:
    """Shows all epochs of a training as one step; where it ends by the clock, in seconds."""
    began: list[float] = []

    def told(what: str, done: int, total: int, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        if not what.startswith("epoch "):
            progress(what, done, total, figures)
            return
        if minutes is not None:
            began.extend([] if began else [time.monotonic()])
            done, total = min(int(time.monotonic() - began[0]), int(60 * minutes)), int(60 * minutes)
        progress("training", done, total, figures)

    return told


def _measure(folder: Path, seed: int, progress: Progress) -> list[str]:
    """Writes the report beside the graph and the headline figures into the manifest; returns these as lines."""
    from synthserve_training.evaluation import run
    from synthserve_training.evaluation.subject import Subject
    from synthserve_training.export.manifest import record_figures

    subject = Subject.open(folder, seed=seed, progress=progress)
    try:
        report = run.evaluate(subject, limit=_MOST_MEASURED)
    except (EvaluationError, DatasetError) as error:  # such as without the network that measures, which is downloaded
        console.note(f"there is no report: {error}")
        return []
    run.write(report, folder / run.REPORT_FOLDER)
    record_figures(folder, report.graph_sha256, report.headline())
    return report.lines()
