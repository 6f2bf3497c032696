"""Who calls."""

import contextvars
from dataclasses import dataclass

ADMIN = "admin"
"""The role that may change what is served."""


@dataclass(frozen=True)
class Principal:
    """A caller that has shown who it is.

    Attributes:
        name: For logs and limits.
        roles: What it may do beside generating.
    """

    name: str
    roles: frozenset[str] = frozenset()


ANYBODY = Principal("anybody")
"""The caller of a server that asks for no token and no certificate."""

calling: contextvars.ContextVar[Principal] = contextvars.ContextVar("calling", default=ANYBODY)
"""The principal of the call that this task serves."""
