"""The option `--where`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from synthserve import _condition_text
from synthserve._exceptions import InvalidRequest
from synthserve.cli._outcome import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from synthserve.v1 import generation_pb2 as pb

Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=TEST",
        help="A condition; can be repeated. TEST is a value; A,B for any of several (A,B, with a comma at the end: or "
        "missing); LOW..HIGH, of which one end can be left out; empty for missing; or .. for not missing. A value that "
        "holds one of these signs is written in double quotes: --where 'name=\"Smith, J.\"'.",
    ),
]


def conditions_of(where: Sequence[str] | None) -> list[pb.Condition]:
    """Reads the values of the option.

    Raises:
        typer.BadParameter: One is not a condition, or two are of one column.
        typer.Exit: One cannot be sent.
    """
    found: dict[str, pb.Condition] = {}
    for text in where or ():
        with told():
            condition = _parse(text)
        if condition.column in found:
            raise typer.BadParameter(
                f"{condition.column!r} is given twice; write {condition.column}=A,B for any of several values",
                param_hint="--where",
            )
        found[condition.column] = condition
    return list(found.values())


def _parse(text: str) -> pb.Condition:
    try:
        return _condition_text.parse(text)
    except InvalidRequest:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--where") from None
