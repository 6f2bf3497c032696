"""The command `inspect` for pictures."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from synthserve._output.descriptors import own_descriptor
from synthserve._output.destinations import write_whole
from synthserve_training import whole_files
from synthserve_training.commands.names import picture_model_name
from synthserve_training.progress_bars import a_bar_for_each

_WIDTH = 160
"""Of the summary where the output is no terminal."""


def inspect_pictures(
    address: str, *, labels: str | None, as_json: bool, recipe: Path | None, contact_sheet: Path | None
) -> None:
    """Says what a source of pictures holds.

    Args:
        address: Of the source.
        labels: What the user says of labels; None: found out.
        as_json: Print it for programs.
        recipe: Where to write a recipe to edit.
        contact_sheet: Where to write a PNG of some of the pictures.

    Raises:
        DatasetError: It cannot be read, or no picture can be used.
    """
    from synthserve_training.data.pictures import inspection
    from synthserve_training.data.pictures.sources.opening import open_source

    to_output = recipe is not None and own_descriptor(recipe) == 1
    if to_output and as_json:
        raise typer.BadParameter("only one of the recipe and --json can go to standard output")
    with a_bar_for_each() as progress:
        found = inspection.inspect(open_source(address, labels), progress)
    if recipe is not None:
        write_whole(recipe, inspection.recipe_toml(found, picture_model_name(address), labels).encode())
    if contact_sheet is not None:
        with whole_files.replacing(contact_sheet) as stream:
            found.shown.sheet().save(stream, format="png")
    if as_json:
        typer.echo(json.dumps(inspection.as_json(found), ensure_ascii=False, indent=1))
        return
    console = Console(stderr=to_output)
    if not console.is_terminal:
        console = Console(stderr=to_output, width=_WIDTH, force_terminal=False)
    table = Table.grid(padding=(0, 2))
    for row in inspection.as_lines(found):
        table.add_row(*row)
    console.print(table, markup=False, highlight=False)
    for path in (recipe, contact_sheet):
        if path is not None:
            typer.echo(f"written: {path}", err=to_output)
