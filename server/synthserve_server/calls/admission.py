"""Refuses calls that lack a role or exceed a limit, before anything is computed for them."""

import time
from typing import Any

import structlog
from grpc import aio

from synthserve_server.callbacks import on_done
from synthserve_server.errors import PermissionDeniedError
from synthserve_server.limits.admission import Admission, Refusal, exceeded
from synthserve_server.rpcs import Computing, Rpc
from synthserve_server.security.principals import Principal, current_principal
from synthserve_server.telemetry.calls import serving

_log = structlog.get_logger()

_LOG_SECONDS = 1.0


class Gate:
    """Admits each stream, or refuses it."""

    def __init__(self, admission: Admission) -> None:
        """Lets `admission` decide."""
        self._admission = admission
        self._refused = 0
        self._log_after = 0.0

    def admit(self, rpc: Rpc, context: aio.ServicerContext[Any, Any]) -> None:
        """Admits a call until it ends. Methods that compute nothing are not limited.

        Raises:
            PermissionDeniedError: The caller does not have the role that the method needs.
            LimitExceededError: The call exceeds a limit.
        """
        if rpc.role is not None:
            self._require(rpc, rpc.role, current_principal())
        if rpc.computing is Computing.NOTHING:
            return
        caller = current_principal().name
        decision = self._admission.admit(caller, rpc.computing.kind)
        if isinstance(decision, Refusal):
            self._note(caller, decision)
            raise exceeded(decision)
        on_done(context, lambda _: decision.release())

    def _require(self, rpc: Rpc, role: str, principal: Principal) -> None:
        """Refuses callers without the role, before the request is read, and logs the caller and the method."""
        allowed = role in principal.roles
        _log.info(
            "administrator call",
            principal=principal.name,
            method=rpc.descriptor.name,
            allowed=allowed,
            **serving.get().ids,
        )
        if not allowed:
            raise PermissionDeniedError(role)

    def _note(self, caller: str, refusal: Refusal) -> None:
        """Logs refusals at a limited rate: a flood of calls must not become a flood of lines."""
        self._refused += 1
        if (now := time.monotonic()) >= self._log_after:
            _log.warning(
                "calls refused", calls=self._refused, principal=caller, limit=refusal.limit, value=refusal.value
            )
            self._refused, self._log_after = 0, now + _LOG_SECONDS
