"""The commands of administrators: they change which models a server has."""

from typing import Annotated

import typer

from synthserve.cli._connection import Connect, Timeout, connecting
from synthserve.cli._outcome import told
from synthserve.cli._streams import FAILED, say

Name = Annotated[str, typer.Argument(metavar="MODEL", help="The name of the model, without a version.")]


@connecting
def load(
    connect: Connect,
    model: Name,
    timeout: Timeout = None,
) -> None:
    """Loads a model of the server's repository, and its new versions. Needs the role admin."""
    with told(), connect() as client:
        loaded = client.load_model(model, timeout=timeout)
        typer.echo(f"{loaded.name}@{loaded.version} is {loaded.state}")


@connecting
def unload(
    connect: Connect,
    model: Name,
    timeout: Timeout = None,
) -> None:
    """Takes a model out of service and waits until its streams have ended. Needs the role admin."""
    with told(), connect() as client:
        client.unload_model(model, timeout=timeout)
        typer.echo(f"{model} is unloaded")


@connecting
def reload(
    connect: Connect,
    timeout: Timeout = None,
) -> None:
    """Has the server look at its repository again. Needs the role admin. Fails when a version could not be loaded."""
    with told(), connect() as client:
        changes = client.reload_models(timeout=timeout)
        for name in changes.loaded:
            typer.echo(f"{name} loaded")
        for name in changes.unloaded:
            typer.echo(f"{name} unloaded")
        for name, reason in changes.failed.items():
            say(f"{name} failed: {reason}")
        if changes.failed:
            raise typer.Exit(FAILED)
