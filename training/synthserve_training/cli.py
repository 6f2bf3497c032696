"""The command line: `synthserve-train inspect | fit | list | run | export | evaluate`."""

import multiprocessing
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from synthserve_core.system import signals
from synthserve_training import console
from synthserve_training import recipe as recipes
from synthserve_training.commands.fit import fit
from synthserve_training.commands.inspect import inspect
from synthserve_training.errors import BackendError, SynthserveTrainingError
from synthserve_training.export import versions
from synthserve_training.progress_bars import a_bar_for_each, one_bar
from synthserve_training.tables import recipe as table_recipes
from synthserve_training.tables import shipped
from synthserve_training.threads import limit_threads
from synthserve_training.train import startup, training
from synthserve_training.train.run_folder import RunFolder, check_writable
from synthserve_training.train.training import Start, Trained

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

app.command()(inspect)
app.command()(fit)


@app.command("list")
def list_recipes() -> None:
    """List the shipped recipes."""
    for name in recipes.names():
        recipe = recipes.parse(recipes.read(name))
        typer.echo(f"{name:<24} {recipe.card.summary}")
    for name in shipped.names():  # of tables: `fit FILE --recipe NAME`
        typer.echo(f"{name:<24} {table_recipes.parse(shipped.read(name)).card.summary}")


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
    resume: Annotated[bool, typer.Option("--resume", help="Continue from the run's last checkpoint")] = False,
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
        raise typer.BadParameter("--resume continues a run and --overwrite deletes it: give one of them")
    start = Start.RESUME if resume else Start.OVERWRITE if overwrite else Start.NEW
    parsed, folder = recipes.parse(recipes.read(recipe)), run_folder(recipe, run_dir)
    training.check_start(parsed, folder, start, seed)
    if export_to:
        check_writable(export_to / parsed.model)
        if (backend := startup.start_keras()) != "tensorflow":
            raise BackendError(f"--export takes TensorFlow, not {backend}: leave it out, and `export` afterwards")
    total = epochs or parsed.training.epochs
    with one_bar(total) as progress:
        trained = training.train(
            parsed, folder, epochs=total, seed=seed, start=start, data_dir=data_dir, progress=progress
        )
    if trained.was_done:
        typer.echo(f"{folder.path} has {trained.epochs} epochs already: nothing to train")
    else:
        typer.echo(f"trained {recipe}: {folder.path}")
    if export_to:
        _export(trained, export_to)


@app.command()
def export(
    recipe: RecipeArgument,
    run_dir: RunDirOption = None,
    data_dir: DataDirOption = None,
    output: Annotated[
        Path, typer.Option(parser=_folder, metavar="FOLDER", help="Model repository to write to")
    ] = versions.DEFAULT_REPOSITORY,
    version: VersionOption = None,
) -> None:
    """Write a trained recipe as a model package, after comparing the graph with the Keras model."""
    parsed, folder = recipes.parse(recipes.read(recipe)), run_folder(recipe, run_dir)
    folder.facts()
    check_writable(output / parsed.model)
    _export(training.restore(parsed, folder, data_dir=data_dir, backend="tensorflow"), output, version)


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="Name of an exported model")],
    version: Annotated[int | None, typer.Option(min=1, max=_MOST, help="Version; default: the newest")] = None,
    repository: Annotated[
        Path, typer.Option(parser=_folder, metavar="FOLDER", help="Model repository that has it")
    ] = versions.DEFAULT_REPOSITORY,
    # Each retraining has the next seed, and scikit-learn takes those below 2^32.
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Seed of splits, noise and all else that is drawn")] = 0,
    retrain: Annotated[
        int | None,
        typer.Option(min=1, max=2**31, help="Tables: train the recipe anew so often, on parts of the real rows"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The table or the pictures that were learnt; default: where the recipe says"),
    ] = None,
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
    # Statistics and plots take seconds to import, and only this command needs them.
    from synthserve_training.evaluation import run
    from synthserve_training.evaluation.subject import Subject
    from synthserve_training.export.manifest import measured_manifest, record_figures

    target = output or folder / run.REPORT_FOLDER
    with a_bar_for_each() as progress:
        subject = Subject.open(folder, seed=seed, data_dir=data_dir, data=data, retrain=retrain or 0, progress=progress)
        run.check_target(target)  # what is measured must not be lost
        report = run.evaluate(subject)
    if not output:
        measured_manifest(folder, report.graph_sha256)  # one that was replaced gets neither report nor figures
    run.write(report, target)
    if not output:
        record_figures(folder, report.graph_sha256, report.headline())
    for line in report.lines():
        typer.echo(line)
    typer.echo(f"report: {target / 'report.html'}")


def _export(trained: Trained, repository: Path, version: int | None = None) -> None:
    # It imports TensorFlow, which prints pages of notes unless Keras was started first.
    from synthserve_training.export import package

    written = package.export(trained, repository, version)
    typer.echo(f"exported {trained.experiment.recipe.model} after {trained.epochs} epochs: {written}")


def run_folder(recipe: str, run_dir: Path | None) -> RunFolder:
    """The folder of a recipe's run."""
    return RunFolder(run_dir or Path("runs") / Path(recipe).stem)


_BY_SIGNAL = 128
"""Exit statuses above it are of commands that were ended by a signal."""


def main() -> None:
    """Runs the command line and ends the process.

    An error that the user can mend prints one line and exits with status 1. So does output that cannot be written,
    after the work is done. Status 130, 129 and 143: ended by SIGINT, SIGHUP and SIGTERM; 141: the reader of the output
    has closed it.
    """
    console.replace_streams()
    limit_threads(os.environ)
    os.environ["MPLBACKEND"] = "agg"  # files, no windows, whatever the user's other programs draw with
    with signals.ending():
        status = _status()
    status = console.exit_status(status)
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
