"""Models as a table for people and as JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from synthserve.cli._streams import is_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthserve import Figure, Model

# A line that goes to a file or a pipe should not be cut to the width of a terminal that is not there.
_UNCUT = 10_000
_HEADLINE_FIGURES = 3


def as_json(models: Sequence[Model]) -> str:
    """Writes everything that is known about the models, as one JSON array."""
    return json.dumps([{**dataclasses.asdict(model), "kind": model.kind} for model in models], indent=2)


def as_table(models: Sequence[Model]) -> None:
    """Prints the models as a table to stdout."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("MODEL", "STATE", "KIND", "GENERATES", "CONDITIONS", "QUALITY (REAL DATA)"):
        table.add_column(heading, overflow="fold")
    for model in models:
        table.add_row(
            f"{model.name}@{model.version}",
            f"{model.state}: {model.state_reason}" if model.state_reason else model.state,
            model.kind,
            _generates(model),
            "; ".join(f"{condition.name}={'|'.join(condition.values)}" for condition in model.conditions) or "-",
            ", ".join(_figure(figure) for figure in model.figures[:_HEADLINE_FIGURES]) or "-",
        )
    terminal = is_terminal("stdout")
    console = Console(highlight=False, markup=False, force_terminal=terminal, width=None if terminal else _UNCUT)
    console.print(table)


def _generates(model: Model) -> str:
    if model.table is not None:
        return ", ".join(column.name for column in model.table.columns)
    if model.image is not None:
        colour = "grey" if model.image.channels == 1 else "RGB"
        return f"{model.image.width} x {model.image.height} {colour}"
    return "-"


def _figure(figure: Figure) -> str:
    reference = "" if figure.reference is None else f" ({figure.reference:.3g})"
    return f"{figure.metric} {figure.value:.3g}{reference}"
