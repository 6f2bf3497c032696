"""The command `inspect`: what was understood of a table that a user has."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from synthserve_training.progress_bars import a_bar_for_each
from synthserve_training.tables.recipe import SourceOptions
from synthserve_training.whole_files import replacing

_WIDTH = 160
"""Of the table where the output is no terminal."""


def inspect(
    file: Annotated[
        str | None,
        typer.Argument(help="A file, a pattern of files, - for standard input, or an address such as s3://…"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs")] = False,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", metavar="FILE", help="Write a recipe to edit, for `fit --recipe`")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN.FIELD=VALUE", help="Such as born.type=date; may be given several times"),
    ] = None,
    database: Annotated[str | None, typer.Option(metavar="URL", help="Of a database, with --query")] = None,
    query: Annotated[str | None, typer.Option(metavar="SQL", help="Whose rows are read")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the file, such as cp1252; default: found out")] = None,
    separator: Annotated[str | None, typer.Option(help="Of cells, such as ; or \\t; default: found out")] = None,
    header_row: Annotated[
        int | None, typer.Option(min=0, help="The header's line, from 1; 0: there is none; default: found out")
    ] = None,
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave out rows with too few or too many cells")
    ] = False,
) -> None:
    """Say what a table holds: how the file is written, and what each column is, over all rows, and why."""
    if (file is None) == (database is None):
        raise typer.BadParameter("name a file, or a --database with a --query")
    if (database is None) != (query is None):
        raise typer.BadParameter("--database and --query belong together")
    # These take a while to import, and only this command needs them.
    from synthserve_training.data import inspection
    from synthserve_training.data.inspection import settings as column_settings
    from synthserve_training.data.reading import open_table
    from synthserve_training.tables.constraints.proposing import PROPOSING_ROWS, propose

    options = SourceOptions(
        encoding=encoding,
        separator="\t" if separator in ("\\t", "tab") else separator,
        header_row=header_row,
        skip_bad_rows=skip_bad_rows,
    )
    address = file or database or ""
    with a_bar_for_each() as progress:
        source = open_table(address, options, query=query)
        parsed = column_settings.parse(settings or (), source.layout.names)
        found = inspection.inspect(source, settings=parsed, progress=progress)
        proposals = []
        if recipe is not None:
            columns = tuple(profile.options for profile in found.columns)
            proposals = propose(inspection.read_typed(source, columns, rows=PROPOSING_ROWS, progress=progress)[0])
    if recipe is not None:
        with replacing(recipe) as stream:
            stream.write(inspection.recipe_toml(found, model_name(address), proposals=proposals).encode())
    if as_json:
        typer.echo(json.dumps(inspection.as_json(found), ensure_ascii=False, indent=1))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH, force_terminal=False)
    console.print(inspection.as_table(found))
    if recipe is not None:
        typer.echo(f"recipe: {recipe}")


def model_name(address: str) -> str:
    """The identifier of a model of a source: `data/My File.csv.gz` becomes `my-file`.

    Args:
        address: Of the source.
    """
    stem = re.split(r"[/\\]", address.split("?")[0].rstrip("/\\"))[-1].split(".")[0]
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    name = name if name[:1].isalpha() else f"table-{name}".rstrip("-")
    return name[:63].rstrip("-")
