"""The command `inspect`: what was understood of a table that a user has."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from synthserve_training.commands.sources import (
    DatabaseOption,
    EncodingOption,
    HeaderRowOption,
    QueryOption,
    SeparatorOption,
    SetOption,
    SkipBadRowsOption,
    arguments,
)
from synthserve_training.progress_bars import a_bar_for_each
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
    settings: SetOption = None,
    database: DatabaseOption = None,
    query: QueryOption = None,
    encoding: EncodingOption = None,
    separator: SeparatorOption = None,
    header_row: HeaderRowOption = None,
    skip_bad_rows: SkipBadRowsOption = False,
) -> None:
    """Say what a table holds: how the file is written, and what each column is, over all rows, and why."""
    asked = arguments(file, database, query, encoding, separator, header_row, skip_bad_rows, settings)
    # These take a while to import, and only this command needs them.
    from synthserve_training.data import inspection
    from synthserve_training.data.inspection import settings as column_settings
    from synthserve_training.data.reading import open_table
    from synthserve_training.tables.constraints.proposing import PROPOSING_ROWS, propose

    with a_bar_for_each() as progress:
        source = open_table(asked.address, asked.options, query=asked.query)
        parsed = column_settings.parse(asked.settings, source.layout.names)
        found = inspection.inspect(source, settings=parsed, progress=progress)
        proposals = []
        if recipe is not None:
            columns = tuple(profile.options for profile in found.columns)
            proposals = propose(inspection.read_typed(source, columns, rows=PROPOSING_ROWS, progress=progress)[0])
    if recipe is not None:
        with replacing(recipe) as stream:
            stream.write(inspection.recipe_toml(found, model_name(asked.address), proposals=proposals).encode())
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
