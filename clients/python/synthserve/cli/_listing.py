"""Models as a table for people and as JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from synthserve.cli._streams import is_terminal
from synthserve.cli._values import taken_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthserve import Column, Figure, Model

# In a file or a pipe, lines must not be truncated to the width of a terminal.
_UNCUT = 10_000
_HEADLINE_FIGURES = 3
_HEADLINE_COLUMNS = 16
_HEADLINE_CONDITIONS = 8


def as_json(models: Sequence[Model]) -> str:
    """Writes everything that is known about the models, as one JSON array."""
    return json.dumps([_described(model) for model in models], indent=2)


def model_as_json(model: Model) -> str:
    """Writes everything that is known about a model, as one JSON object."""
    return json.dumps(_described(model), indent=2)


def as_table(models: Sequence[Model]) -> None:
    """Prints the models as a table to stdout."""
    table = _table("MODEL", "STATE", "KIND", "GENERATES", "CONDITIONS", "QUALITY (REAL DATA)")
    for model in models:
        table.add_row(
            _name(model),
            _state(model),
            model.kind,
            _generates(model),
            _first([f"{one.name}={taken_by(one)}" for one in model.conditions], "; ", _HEADLINE_CONDITIONS),
            ", ".join(_figure(figure) for figure in model.figures[:_HEADLINE_FIGURES]) or "-",
        )
    _console().print(table)


def as_description(model: Model) -> None:
    """Prints one model to stdout: its description, columns and conditions."""
    console = _console()
    console.print(f"{_name(model)}, {_state(model)}: {model.card.summary or _generates(model)}")
    if model.table is not None:
        columns = _table("COLUMN", "TYPE", "UNIT", "MEANING")
        for column in model.table.columns:
            columns.add_row(column.name, _type(column), column.unit or "-", column.description or "-")
        console.print("", columns, sep="\n")
    if model.conditions:
        conditions = _table("CONDITION", "TAKES")
        for condition in model.conditions:
            conditions.add_row(condition.name, taken_by(condition))
        console.print("", conditions, sep="\n")


def _described(model: Model) -> dict[str, object]:
    return {**dataclasses.asdict(model), "kind": model.kind}


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _console() -> Console:
    terminal = is_terminal("stdout")
    return Console(highlight=False, markup=False, force_terminal=terminal, width=None if terminal else _UNCUT)


def _name(model: Model) -> str:
    return f"{model.name}@{model.version}"


def _state(model: Model) -> str:
    return f"{model.state}: {model.state_reason}" if model.state_reason else model.state


def _generates(model: Model) -> str:
    if model.table is not None:
        return _first([column.name for column in model.table.columns], ", ", _HEADLINE_COLUMNS)
    if model.image is not None:
        colour = "grey" if model.image.channels == 1 else "RGB"
        return f"{model.image.width} x {model.image.height} {colour}"
    return "-"


def _first(texts: Sequence[str], between: str, most: int) -> str:
    """The first texts; `synthserve model` shows the others."""
    more = [f"{len(texts) - most} more"] if len(texts) > most else []
    return between.join([*texts[:most], *more]) or "-"


def _type(column: Column) -> str:
    kind = "timestamp (UTC)" if column.type == "timestamp" and column.utc else column.type
    counted = f"{kind} of {column.category_count:,}" if column.type == "category" else kind
    return f"{counted}, or missing" if column.nullable else counted


def _figure(figure: Figure) -> str:
    reference = "" if figure.reference is None else f" ({figure.reference:.3g})"
    return f"{figure.metric} {figure.value:.3g}{reference}"
