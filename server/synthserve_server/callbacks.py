"""Runs a function when a call ends."""

from collections.abc import Callable
from typing import Any, TypeAlias

from grpc import aio

Context: TypeAlias = aio.ServicerContext[Any, Any]


def on_done(context: Context, function: Callable[[Context], None]) -> None:
    """Calls `function` with the context when gRPC's task of the call is over, whatever ended it."""
    context.add_done_callback(function)  # type: ignore[arg-type]  # the stubs demand a subclass of ServicerContext
