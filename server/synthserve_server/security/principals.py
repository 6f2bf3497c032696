"""Who calls."""

import contextvars
from dataclasses import dataclass
from typing import Any

from grpc import aio

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

calling: contextvars.ContextVar[Principal | None] = contextvars.ContextVar("calling", default=None)
"""The owner of the token that came with the call that this task serves."""


def who(context: aio.ServicerContext[Any, Any]) -> Principal:
    """The principal of the call that this task serves: by its token, else by the client's certificate."""
    if (by_token := calling.get()) is not None:
        return by_token
    names = [*context.auth_context().get("x509_common_name", ()), *(context.peer_identities() or ())]
    return Principal(_text(names[0])) if names else ANYBODY


def _text(name: Any) -> str:  # noqa: ANN401 - grpc gives bytes, and its stubs say otherwise
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
