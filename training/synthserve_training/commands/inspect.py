"""The command `inspect`: what was understood of a table, or of pictures, that a user has."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from synthserve._output.descriptors import own_descriptor
from synthserve._output.destinations import write_whole
from synthserve_training.commands.names import model_name
from synthserve_training.commands.sources import (
    ContactSheetOption,
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
    arguments,
    refuse_of_pictures,
)
from synthserve_training.data.pictures.kinds import holds_pictures
from synthserve_training.progress_bars import a_bar_for_each

_WIDTH = 160
"""Of the table where the output is no terminal."""


def inspect(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A file, a pattern of files, - for standard input, an address such as s3://…, or a folder of pictures"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs")] = False,
    recipe: Annotated[
        Path | None, typer.Option("--recipe", metavar="FILE", help="Write a recipe to edit, for `fit --recipe`")
    ] = None,
    sdv_metadata: Annotated[
        Path | None,
        typer.Option("--sdv-metadata", metavar="FILE", help="Write what the columns are as SDV's metadata (JSON)"),
    ] = None,
    contact_sheet: ContactSheetOption = None,
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
) -> None:
    """Say what a table holds, how its file is written and what each column is, or what a set of pictures holds."""
    asked = arguments(
        file, database, query, encoding, separator, header_row, skip_bad_rows, settings, metadata, metadata_table
    )
    if file is not None and holds_pictures(file):
        from synthserve_training.commands.inspect_pictures import inspect_pictures

        asked.refuse("pictures", sdv_metadata=sdv_metadata)
        inspect_pictures(file, labels=labels, as_json=as_json, recipe=recipe, contact_sheet=contact_sheet)
        return
    refuse_of_pictures(contact_sheet=contact_sheet, labels=labels)
    written = [path for path in (recipe, sdv_metadata) if path is not None]
    to_output = [path for path in written if own_descriptor(path) == 1]
    if len(to_output) + as_json > 1:
        raise typer.BadParameter("only one of the recipe, the metadata and --json can go to standard output")
    # These take a while to import, and only this command needs them.
    from synthserve_training.data import inspection
    from synthserve_training.data.reading import open_table

    with a_bar_for_each() as progress:
        source = open_table(asked.address, asked.options, query=asked.query)
        found = inspection.inspect(source, settings=asked.column_settings(source.layout.names), progress=progress)
        proposals = inspection.proposed(source, found, progress=progress)
    if recipe is not None:
        write_whole(recipe, inspection.recipe_toml(found, model_name(asked.address), proposals=proposals).encode())
    if sdv_metadata is not None:
        write_whole(sdv_metadata, inspection.sdv_metadata.write(found).encode())
    if as_json:
        typer.echo(json.dumps(inspection.as_json(found, proposals), ensure_ascii=False, indent=1))
        return
    console = Console(stderr=bool(to_output))
    if not console.is_terminal:
        console = Console(stderr=bool(to_output), width=_WIDTH, force_terminal=False)
    console.print(inspection.as_table(found, proposals))
    for path in written:
        typer.echo(f"written: {path}", err=bool(to_output))
