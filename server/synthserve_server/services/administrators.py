"""Who may change what is served."""

from typing import Any

import structlog
from grpc import aio

from synthserve_server.errors import PermissionDeniedError
from synthserve_server.security.principals import ADMIN, who
from synthserve_server.telemetry.calls import serving

_log = structlog.get_logger()


def require_admin(context: aio.ServicerContext[Any, Any], method: str, name: str = "") -> None:
    """Lets administrators through, before anything is looked at; the log tells who asked for what.

    Args:
        context: The call.
        method: What it calls.
        name: What it names, as it was sent.

    Raises:
        PermissionDeniedError: The caller is none.
    """
    principal = who(context)
    allowed = ADMIN in principal.roles
    about = {"principal": principal.name, "method": method, "name": name, "allowed": allowed}
    _log.info("models to be changed", **about, **serving.get().ids)
    if not allowed:
        raise PermissionDeniedError(ADMIN)
