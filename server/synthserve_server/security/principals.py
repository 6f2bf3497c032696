"""The callers of the server, and their roles."""

import contextvars
from dataclasses import dataclass
from typing import Any

from grpc import aio

ADMIN = "admin"
"""The role that may load and unload models."""

ROLES = frozenset({ADMIN})
"""All roles; other roles in tokens are ignored."""


@dataclass(frozen=True)
class Principal:
    """An authenticated caller.

    Attributes:
        name: Its name in logs and limits.
        roles: Its roles; any caller may generate.
    """

    name: str
    roles: frozenset[str] = frozenset()


ANYBODY = Principal("anybody")
"""The caller of a server that requires no token and no certificate."""


@dataclass(frozen=True)
class Administrators:
    """The callers without tokens that have the role ADMIN.

    Attributes:
        certificates: The common names of client certificates with the role.
        anybody: Whether callers have it on a server that requires no token and no certificate.
    """

    certificates: frozenset[str] = frozenset()
    anybody: bool = False


_current: contextvars.ContextVar[Principal] = contextvars.ContextVar("principal")


def current_principal() -> Principal:
    """The principal of the call that this task serves."""
    return _current.get()


def set_principal(principal: Principal) -> None:
    """Sets the principal of the call that this task serves."""
    _current.set(principal)


def by_certificate(context: aio.ServicerContext[Any, Any], administrators: Administrators) -> Principal:
    """The principal of a call without a token.

    A certificate names its owner by its common name, else by its first alternative name.

    Args:
        context: The call.
        administrators: The callers without tokens that have the role ADMIN.
    """
    every = [*context.auth_context().get("x509_common_name", ()), *(context.peer_identities() or ())]
    names = [name for name in every if name]  # A certificate without a common name gives an empty one.
    if names:
        name = _text(names[0])
        return Principal(name, _roles(name in administrators.certificates))
    return Principal(ANYBODY.name, _roles(administrators.anybody))


def _roles(admin: bool) -> frozenset[str]:
    return frozenset({ADMIN}) if admin else frozenset()


def _text(name: Any) -> str:  # noqa: ANN401 - grpc gives bytes, and its stubs say otherwise
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
