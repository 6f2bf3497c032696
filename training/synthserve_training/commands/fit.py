"""`synthserve-train fit`: from a file to a model that a server serves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from synthserve_training import console
from synthserve_training.commands.interruptions import saying_what_is_kept
from synthserve_training.commands.names import model_name
from synthserve_training.commands.sources import (
    DatabaseOption,
    EncodingOption,
    HeaderRowOption,
    LabelsOption,
    MetadataOption,
    MetadataTableOption,
    QueryOption,
    SeparatorOption,
    SetOption,
    SkipBadRowsOption,
    SourceArguments,
    arguments,
    refuse_of_pictures,
)
from synthserve_training.data.inspection import Inspection, inspect, proposed, recipe_toml
from synthserve_training.data.pictures.kinds import holds_pictures
from synthserve_training.data.reading import TableSource, open_table
from synthserve_training.errors import EvaluationError, RecipeError
from synthserve_training.export import versions
from synthserve_training.progress_bars import a_bar_for_each
from synthserve_training.tables import recipe as recipes
from synthserve_training.tables import shipped, width
from synthserve_training.tables.columns import Role
from synthserve_training.tables.recipe import TableRecipe
from synthserve_training.tables.toml import to_toml
from synthserve_training.train.run_folder import RunFolder, check_writable
from synthserve_training.types import Progress

if TYPE_CHECKING:  # it imports Keras
    from synthserve_training.tables.fitting import Fitted

Size = Literal["S", "M", "L"]


def fit(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A file, a pattern of files, - for standard input, an address such as s3://…, or a folder of pictures"
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="What its columns are, or how its pictures are read and learnt, as `inspect --recipe` writes it, or a "
            "shipped one; default: found out",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The model's name; default: the recipe's, or that of the file")
    ] = None,
    export_to: Annotated[
        Path, typer.Option("--export", metavar="FOLDER", help="Model repository to write to")
    ] = versions.DEFAULT_REPOSITORY,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="Train at most so long; default: until the held-out rows gain nothing, or all epochs of pictures",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of all that is random")] = 0,
    size: Annotated[Size | None, typer.Option(help="Of the network; default: the recipe's, or M")] = None,
    held_out: Annotated[
        float | None, typer.Option(min=0, max=0.5, help="Share of the rows to keep for the report; default: 0.1")
    ] = None,
    labels: LabelsOption = None,
    settings: SetOption = None,
    metadata: MetadataOption = None,
    metadata_table: MetadataTableOption = None,
    database: DatabaseOption = None,
    query: QueryOption = None,
    encoding: EncodingOption = None,
    separator: SeparatorOption = None,
    header_row: HeaderRowOption = None,
    skip_bad_rows: SkipBadRowsOption = False,
    run_dir: Annotated[Path | None, typer.Option(help="Folder of the run; default: runs/NAME")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Delete another run that is in the folder")] = False,
    report: Annotated[bool, typer.Option(help="Measure the model, and write a report")] = True,
) -> None:
    """Learn a table, or pictures, and write a model: inspect, train, export, measure.

    Interrupted, it keeps what was trained; the same command goes on.
    """
    asked = arguments(
        file, database, query, encoding, separator, header_row, skip_bad_rows, settings, metadata, metadata_table
    )
    if file is not None and holds_pictures(file):
        from synthserve_training.commands.fit_pictures import fit_pictures

        asked.refuse("pictures", settings_too=False, size=size, held_out=held_out)
        fit_pictures(
            file,
            labels=labels,
            recipe=recipe,
            name=name,
            settings=settings or (),
            export_to=export_to,
            minutes=minutes,
            seed=seed,
            run_dir=run_dir,
            overwrite=overwrite,
            report=report,
        )
        return
    refuse_of_pictures(labels=labels)
    with a_bar_for_each() as progress:
        parsed, source = _opened(asked, recipe, name, progress)
        parsed = _with_options(parsed, name, minutes, size, held_out)
        folder = RunFolder(run_dir or Path("runs") / parsed.model)
        check_writable(export_to / parsed.model)
        # Training imports Keras, which takes seconds: mistakes must show before.
        from synthserve_training.tables import fitting

        text = to_toml(parsed)
        with saying_what_is_kept(folder, overwrite=overwrite):
            fitted = fitting.fit(text, source, folder, seed=seed, overwrite=overwrite, progress=progress)
        for note in fitted.notes:
            console.note(note)
        from synthserve_training.export import tables
        from synthserve_training.export.package import Training

        history = Training(fitted.epochs, folder.training_seconds(fitted.epochs), folder.facts())
        version = versions.next_version(export_to, parsed.model)
        written = tables.write(
            parsed,
            text,
            fitted.model.graph(),
            history,
            export_to,
            version,
            fitted.model.privacy(parsed.privacy.min_rows),
            fitted.model.scoring_graph(),
        )
        figures = _measure(written, fitted, seed, progress) if report else []
    for line in figures:
        typer.echo(line)
    typer.echo(f"exported {parsed.model}, version {version}: {written}")
    typer.echo(f"serve it: synthserve-server --model-repository {export_to}")


def _opened(
    asked: SourceArguments, recipe: str | None, name: str | None, progress: Progress
) -> tuple[TableRecipe, TableSource]:
    """The recipe, and the source, which is opened once: standard input and the network are not read twice."""
    if recipe is None:
        source = open_table(asked.address, asked.options, query=asked.query)
        settings = asked.column_settings(source.layout.names)
        left_out = sum(fields.get("role", Role.LEARN) is not Role.LEARN for fields in settings.values())
        width.check_source(source.layout.address or asked.address, len(source.layout.names) - left_out)
        found = inspect(source, settings=settings, progress=progress)
        _show(found.layout.address or asked.address, found)
        proposals = proposed(source, found, progress=progress)
        return recipes.parse(recipe_toml(found, name or model_name(asked.address), proposals=proposals)), source
    if asked.given:
        raise RecipeError(
            f"--recipe says how the table is read: change it there, and leave out {', '.join(asked.given)}"
        )
    parsed = recipes.parse(shipped.read(recipe))
    width.check_recipe(parsed.columns)
    return parsed, open_table(asked.address, parsed.source, query=asked.query)


def _show(file: str, found: Inspection) -> None:
    """Prints what a user must know before the training: the warnings."""
    for finding in found.findings:
        place = [file, *([f"line {finding.line}"] if finding.line else [])]
        place += [f"column {finding.column!r}"] if finding.column else []
        console.note(f"{', '.join(place)}: {finding.text}")


def _with_options(
    recipe: TableRecipe, name: str | None, minutes: float | None, size: Size | None, held_out: float | None
) -> TableRecipe:
    training = {key: each for key, each in (("minutes", minutes), ("held_out", held_out)) if each is not None}
    changes: dict[str, object] = {"training": recipe.training.model_copy(update=training)}
    if size:
        changes["network"] = recipe.network.model_copy(update={"size": size})
    if name:
        changes["model"] = name
    return recipes.parse(to_toml(recipe.model_copy(update=changes)))  # which checks the name, too


def _measure(folder: Path, fitted: "Fitted", seed: int, progress: Progress) -> list[str]:
    """Writes the report beside the graph and the headline figures into the manifest; returns these as lines."""
    from synthserve_training.evaluation import run
    from synthserve_training.evaluation.subject import Subject
    from synthserve_training.evaluation.tables.real import RealRows
    from synthserve_training.export.manifest import record_figures

    subject = Subject.open(folder, seed=seed, progress=progress)
    real = RealRows.of(fitted.recipe.columns, fitted.rows.train, fitted.rows.held_out)
    try:
        report = run.evaluate(subject, real)
    except EvaluationError as error:  # such as of a table of texts alone: its model can be served all the same
        console.note(f"there is no report: {error}")
        return []
    run.write(report, folder / run.REPORT_FOLDER)
    record_figures(folder, report.graph_sha256, report.headline())
    return report.lines()
