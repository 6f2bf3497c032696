"""Who calls."""

import contextvars
from dataclasses import dataclass
from typing import Any

from grpc import aio

ADMIN = "admin"
"""The role that may change what is served."""

ROLES = frozenset({ADMIN})
"""All roles; what else an issuer of tokens calls a role has no meaning here."""


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


@dataclass(frozen=True)
class Administrators:
    """Which callers have the role ADMIN beside the tokens that carry it.

    Attributes:
        certificates: Callers with a client certificate of this common name.
        anybody: Callers of a server that asks for no token and no certificate.
    """

    certificates: frozenset[str] = frozenset()
    anybody: bool = False


_current: contextvars.ContextVar[Principal] = contextvars.ContextVar("principal")


def current_principal() -> Principal:
    """The principal of the call that this task serves."""
    return _current.get()


def set_principal(principal: Principal) -> None:
    """Notes the principal of the call that this task serves."""
    _current.set(principal)


def by_certificate(context: aio.ServicerContext[Any, Any], administrators: Administrators) -> Principal:
    """The principal of a call without a token.

    A certificate names its owner by its common name, else by its first alternative name.

    Args:
        context: The call.
        administrators: Which certificates have the role ADMIN.
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
