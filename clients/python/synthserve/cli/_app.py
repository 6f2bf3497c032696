"""The commands."""

import enum
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import synthserve
from synthserve import _condition_text
from synthserve._conditions import as_where
from synthserve._output.destinations import Target, appears_whole, write_whole
from synthserve._sinks.grids import GridFile
from synthserve.cli import _administration, _listing
from synthserve.cli._conditions import Where, conditions_of
from synthserve.cli._connection import Connect, Timeout, connecting
from synthserve.cli._outcome import HELP, Commands, told
from synthserve.cli._progress import Watch
from synthserve.cli._streams import is_terminal
from synthserve.cli._streams import output as standard_output

app = typer.Typer(
    name="synthserve",
    cls=Commands,
    help="Generates rows and images on a synthserve server.",
    epilog=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class RowFormat(enum.StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSONL = "jsonl"
    ARROW = "arrow"
    PARQUET = "parquet"


class PictureFormat(enum.StrEnum):
    """How images are written."""

    PNG = "png"
    JPEG = "jpeg"
    RAW = "raw"


_SUFFIXES = {
    ".csv": RowFormat.CSV,
    ".jsonl": RowFormat.JSONL,
    ".ndjson": RowFormat.JSONL,
    ".arrow": RowFormat.ARROW,
    ".arrows": RowFormat.ARROW,
    ".feather": RowFormat.ARROW,
    ".parquet": RowFormat.PARQUET,
}

Name = Annotated[str, typer.Argument(metavar="MODEL", help="iris-vae, or iris-vae@1 for that version.")]
Count = Annotated[int | None, typer.Option(help="How many. Without it rows come until the pipe is closed.")]
Seed = Annotated[
    int | None,
    typer.Option(
        help="The same seed gives the same output. Without it the server draws one: a terminal shows it; Parquet, "
        "Arrow and images hold it in their metadata. CSV and JSON lines do not: give one to get them again."
    ),
]
Offset = Annotated[int, typer.Option(help="The index of the first one.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synthserve {synthserve.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command(epilog=HELP)
@connecting
def models(
    connect: Connect,
    timeout: Timeout = None,
    json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
) -> None:
    """Lists the models of a server."""
    with told(), connect() as client:
        found = client.models(full=True, timeout=timeout)
        if json:
            typer.echo(_listing.as_json(found))
        else:
            _listing.as_table(found)


@app.command(name="model", epilog=HELP)
@connecting
def describe(
    connect: Connect,
    model: Name,
    timeout: Timeout = None,
    json: Annotated[bool, typer.Option("--json", help="Everything that is known, as JSON.")] = False,
) -> None:
    """Describes one model: its columns, and the conditions that it accepts."""
    with told(), connect() as client:
        found = client.model(model, timeout=timeout)
        if json:
            typer.echo(_listing.model_as_json(found))
        else:
            _listing.as_description(found)


@app.command(epilog=HELP)
@connecting
def rows(
    connect: Connect,
    model: Name,
    count: Count = None,
    seed: Seed = None,
    offset: Offset = 0,
    where: Where = None,
    file_format: Annotated[
        RowFormat | None,
        typer.Option("--format", help="The format. Default: that of the suffix of FILE, and csv on stdout."),
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is stdout.")] = "-",
    no_header: Annotated[
        bool, typer.Option("--no-header", help="CSV: no line with the names, so that parts can be joined.")
    ] = False,
    timeout: Timeout = None,
) -> None:
    """Generates rows of a table model.

    The same seed gives the same rows, byte for byte, however --offset and --count cut them.

    Arrow is the IPC streaming format on stdout, in pipes and in .arrows files, else the IPC file format.
    """
    chosen = file_format or _format_of(output)
    conditions = conditions_of(where)
    if no_header and chosen is not RowFormat.CSV:
        raise typer.BadParameter("only CSV has a header", param_hint="--no-header")
    target: Target = standard_output() if output == "-" else output
    streamed = not appears_whole(target)
    with (
        told(),
        connect() as client,
        Watch("rows", count, seeded=seed is not None, bar=not (output == "-" and is_terminal("stdout"))) as watch,
    ):
        stream = watch.over(
            partial(
                client.rows, model, count=count, seed=seed, offset=offset, where=as_where(conditions), timeout=timeout
            )
        )
        if chosen is RowFormat.CSV:
            stream.to_csv(target, header=not no_header)
        elif chosen is RowFormat.JSONL:
            stream.to_jsonl(target)
        elif chosen is RowFormat.PARQUET:
            stream.to_parquet(target)
        elif streamed or output.endswith(".arrows"):
            stream.to_arrow_stream(target)
        else:
            stream.to_arrow_file(target)
        watch.finish()


@app.command(epilog=HELP)
@connecting
def images(
    connect: Connect,
    model: Name,
    count: Annotated[int, typer.Option(help="How many.")],
    seed: Seed = None,
    offset: Offset = 0,
    where: Where = None,
    file_format: Annotated[PictureFormat, typer.Option("--format", help="The format.")] = PictureFormat.PNG,
    jpeg_quality: Annotated[int | None, typer.Option(help="From 1 to 100. Without it 95.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="The folder for one file per image.")
    ] = None,
    grid: Annotated[Path | None, typer.Option(metavar="FILE", help="A picture of all images, .png or .jpg.")] = None,
    columns: Annotated[int, typer.Option(min=1, help="Images in a row of the grid.")] = 8,
    timeout: Timeout = None,
) -> None:
    """Generates images of an image model, into a folder (MODEL-seedSEED-INDEX.png), a grid, or both."""
    if output is None and grid is None:
        raise typer.BadParameter("give -o DIR, --grid FILE, or both", param_hint="--output")
    conditions = conditions_of(where)
    with (
        told(),
        nullcontext() if grid is None else GridFile(grid, count, columns, _condition_text.texts(conditions)) as picture,
        connect() as client,
        Watch("images", count, seeded=seed is not None, bar=True) as watch,
    ):
        stream = watch.over(
            partial(
                client.images,
                model,
                count=count,
                seed=seed,
                offset=offset,
                where=as_where(conditions),
                format=file_format.value,
                jpeg_quality=jpeg_quality,
                timeout=timeout,
            )
        )
        if output is not None:
            output.mkdir(parents=True, exist_ok=True)
        for image in stream:
            if output is not None:
                write_whole(output / image.filename, image.bytes)
            if picture is not None:
                picture.add(image)
        if picture is not None:
            picture.finish()
        watch.finish()


app.command(epilog=HELP)(_administration.load)
app.command(epilog=HELP)(_administration.unload)
app.command(epilog=HELP)(_administration.reload)


def _format_of(output: str) -> RowFormat:
    if output == "-":
        return RowFormat.CSV
    suffix = Path(output).suffix.lower()
    if suffix not in _SUFFIXES:
        raise typer.BadParameter(
            f"the suffix of {output!r} is not one of {', '.join(_SUFFIXES)}; give a format", param_hint="--format"
        )
    return _SUFFIXES[suffix]
