"""The command line: `synthserve-train list | run | export | evaluate`."""

import multiprocessing
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from synthserve_training import cores, signals, standard_streams
from synthserve_training import recipe as recipes
from synthserve_training.errors import BackendError, SynthserveTrainingError
from synthserve_training.export import versions
from synthserve_training.run_folder import RunFolder, check_writable
from synthserve_training.startup import start_keras

if TYPE_CHECKING:
    from synthserve_training.experiment import Experiment

_MOST = 2**31 - 1

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

RecipeArgument = Annotated[str, typer.Argument(help="Name of a shipped recipe, or path of a .toml file")]


def _folder(text: str) -> Path:
    if not text:  # of a variable that is not set: it would mean the current folder
        raise typer.BadParameter("it is empty: name a folder")
    return Path(text)


DataDirOption = Annotated[
    Path | None,
    typer.Option(
        parser=_folder,
        metavar="FOLDER",
        envvar="SYNTHSERVE_DATA",
        help="Folder with datasets; else they are downloaded",
    ),
]
RunDirOption = Annotated[
    Path | None, typer.Option(parser=_folder, metavar="FOLDER", help="Folder of the run; default: runs/<recipe>")
]
EpochsOption = Annotated[int | None, typer.Option(min=1, max=_MOST, help="Epochs in all; default: the recipe's")]
VersionOption = Annotated[int | None, typer.Option(min=1, max=_MOST, help="Version; default: the next free one")]


@app.command("list")
def list_recipes() -> None:
    """List the shipped recipes."""
    for name in recipes.names():
        recipe = recipes.parse(recipes.read(name))
        typer.echo(f"{name:<24} {recipe.card.summary}")


@app.command()
def run(
    recipe: RecipeArgument,
    epochs: EpochsOption = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**32 - 1, help="Of weights and noise; default: 0, or the resumed run's"),
    ] = None,
    data_dir: DataDirOption = None,
    run_dir: RunDirOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the run's last checkpoint")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start anew where there is a run")] = False,
    export_to: Annotated[
        Path | None,
        typer.Option(
            "--export",
            parser=_folder,
            metavar="FOLDER",
            help="Model repository to write the trained model to, as `export` does",
        ),
    ] = None,
) -> None:
    """Train a recipe: losses, samples and checkpoints go into the run's folder."""
    if resume and overwrite:
        raise typer.BadParameter("--resume goes on with a run and --overwrite deletes it: give one of them")
    text, folder = recipes.read(recipe), run_folder(recipe, run_dir)
    # Mistakes show before Keras has taken its seconds to start, and long before training has taken its hours.
    parsed = recipes.parse(text)
    folder.check_idle()
    if resume:
        recorded = folder.facts().seed
        seed = recorded if seed is None else seed
        folder.check_resumable(parsed, seed)
    else:
        folder.check_free(overwrite=overwrite)
    check_writable(folder.path)
    if export_to:
        check_writable(export_to / parsed.model)
    start_keras()
    from synthserve_training import backends  # refuses those that it does not know

    if export_to and backends.NAME != "tensorflow":
        raise BackendError(f"--export takes TensorFlow, not {backends.NAME}: leave it out, and `export` afterwards")
    from synthserve_training import checkpoint
    from synthserve_training.datasets._files import Files
    from synthserve_training.experiment import assemble
    from synthserve_training.loop import fit
    from synthserve_training.samples import sample_writer
    from synthserve_training.tracking import tracker

    experiment = assemble(text, seed=seed or 0, data_dir=data_dir)
    total = epochs or experiment.recipe.training.epochs
    if resume and (trained := checkpoint.restore(folder.checkpoint, experiment.variables())) >= total:
        typer.echo(f"{folder.path} has {trained} epochs already: nothing to train")
        if export_to:
            _export(experiment, folder, trained, export_to)
        return
    console = standard_streams.console()
    with console.status("preparing to measure") as status:
        measure = tracker(
            experiment,
            Files.locate(data_dir),
            lambda what, done, of: status.update(f"features of {what}: {done:,} of {of:,}"),
        )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[losses]}"),
        console=console,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task(recipe, total=None, losses="")

        def progress(epoch: int, batch: int, batches: int, losses: Mapping[str, float]) -> None:
            text = "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
            done = (epoch - 1) * batches + batch
            bar.update(task, completed=done, total=total * batches, description=f"epoch {epoch}/{total}", losses=text)
            if batch == batches and not console.is_terminal:
                console.print(f"epoch {epoch}/{total}  {text}", highlight=False, soft_wrap=True)

        trained = fit(
            experiment,
            folder,
            epochs=total,
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            write_samples=sample_writer(experiment),
            measure=measure,
        )
    typer.echo(f"trained {recipe}: {folder.path}")
    if export_to:
        _export(experiment, folder, trained, export_to)


@app.command()
def export(
    recipe: RecipeArgument,
    run_dir: RunDirOption = None,
    data_dir: DataDirOption = None,
    output: Annotated[Path, typer.Option(parser=_folder, metavar="FOLDER", help="Model repository to write to")] = Path(
        "exported"
    ),
    version: VersionOption = None,
) -> None:
    """Write a trained recipe as a model package, after holding the graph against the Keras model."""
    text, folder = recipes.read(recipe), run_folder(recipe, run_dir)
    facts = folder.facts()
    check_writable(output / recipes.parse(text).model)
    start_keras("tensorflow")
    from synthserve_training import checkpoint
    from synthserve_training.experiment import assemble

    experiment = assemble(text, seed=facts.seed, data_dir=data_dir)
    folder.check_made_with(experiment.recipe, facts.seed)
    epochs = checkpoint.restore(folder.checkpoint, experiment.variables())
    _export(experiment, folder, epochs, output, version)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="Name of an exported model")],
    version: Annotated[int | None, typer.Option(min=1, max=_MOST, help="Version; default: the newest")] = None,
    repository: Annotated[Path, typer.Option(parser=_folder, metavar="FOLDER", help="Model repository")] = Path(
        "exported"
    ),
    # Each repeat has the next seed, and scikit-learn takes those below 2^32.
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of splits, noise and all else that is drawn")] = 0,
    repeats: Annotated[int, typer.Option(min=1, max=2**31, help="How often what is random is repeated")] = 20,
    data_dir: DataDirOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            parser=_folder,
            metavar="FOLDER",
            help="Folder of the report, which leaves the package as it is; default: its report/",
        ),
    ] = None,
) -> None:
    """Measure an exported model: writes a report, and the headline figures into its manifest."""
    folder = repository / model / str(version or versions.newest_version(repository, model))
    from synthserve_training.evaluation import run
    from synthserve_training.evaluation.subject import Subject
    from synthserve_training.export.manifest import measured_manifest, record_figures

    target = output or folder / run.REPORT_FOLDER
    console = standard_streams.console()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        subject = Subject.open(folder, seed=seed, data_dir=data_dir, repeats=repeats, progress=progress)
        run.check_target(target)  # what is measured must not be lost
        report = run.evaluate(subject)
    if not output:
        measured_manifest(folder, report.graph_sha256)  # one that was replaced gets neither report nor figures
    run.write(report, target)
    if not output:
        record_figures(folder, report.graph_sha256, report.headline())
    for figure in report.headline():
        beside = f"real data {figure.reference:.3f}" if figure.HasField("reference") else ""
        typer.echo(f"{figure.metric:<24} {figure.value:.3f}  {beside}".rstrip())
    typer.echo(f"report: {target / 'report.html'}")


def _export(
    experiment: "Experiment", folder: RunFolder, epochs: int, repository: Path, version: int | None = None
) -> None:
    from synthserve_training.export import package
    from synthserve_training.finished import finish

    model = experiment.recipe.model
    training = package.Training(epochs, folder.training_seconds(epochs), folder.facts())
    chosen = version or versions.next_version(repository, model)
    written = package.write(experiment, finish(experiment), training, repository, chosen)
    typer.echo(f"exported {model} after {epochs} epochs: {written}")


def run_folder(recipe: str, run_dir: Path | None) -> RunFolder:
    """The folder of a recipe's run."""
    return RunFolder(run_dir or Path("runs") / Path(recipe).stem)


_BY_SIGNAL = 128
"""Exit statuses above it are of commands that were ended by a signal."""


def main() -> None:
    """Runs the command line and ends the process.

    An error that the user can mend is one line, and exit status 1; so is output that cannot be written, though the
    work is done all the same. 130, 129 and 143: ended by SIGINT, SIGHUP and SIGTERM; 141: nobody read the output.
    """
    standard_streams.replace()
    cores.limit_threads(os.environ)
    os.environ["MPLBACKEND"] = "agg"  # files, no windows, whatever the user's other programs draw with
    with signals.ending():
        status = _status()
    status = standard_streams.exit_status(status)
    if status > _BY_SIGNAL:
        # In the middle of a computation, whose threads can abort an interpreter that waits for nothing at its end.
        for child in multiprocessing.active_children():
            child.terminate()
        os._exit(status)
    sys.exit(status)


def _status() -> int:
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    except SynthserveTrainingError as error:
        typer.echo(f"error: {error}", err=True)
    except MemoryError:
        typer.echo("error: the memory of this machine is not enough: make networks or batches smaller", err=True)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        typer.echo(f"error: {where}{error.strerror or error}", err=True)
    return 1


if __name__ == "__main__":
    main()
