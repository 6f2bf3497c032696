"""Refuses calls that may not begin: for want of a role, or over a limit. Nothing is computed for them."""

import time
from typing import Any

import structlog
from grpc import aio

from synthserve_server.errors import PermissionDeniedError
from synthserve_server.limits.admission import Admission, Refusal, exceeded
from synthserve_server.rpcs import Computing, Rpc
from synthserve_server.security.principals import Principal, current_principal
from synthserve_server.telemetry.calls import serving

_log = structlog.get_logger()

_LOG_SECONDS = 1.0


class Gate:
    """Gives each stream a place, or refuses it."""

    def __init__(self, admission: Admission) -> None:
        """Has `admission` decide."""
        self._admission = admission
        self._refused = 0
        self._log_after = 0.0

    def admit(self, rpc: Rpc, context: aio.ServicerContext[Any, Any]) -> None:
        """Lets a call begin, up to its true end; one that computes nothing needs no place.

        Raises:
            PermissionDeniedError: The caller does not have the role that the method needs.
            LimitExceededError: It is over a limit.
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
        # Called when gRPC's task of the call is over, whatever ended it.
        context.add_done_callback(lambda _: decision.release())  # type: ignore[arg-type]  # The stubs ask for a subclass.

    def _require(self, rpc: Rpc, role: str, principal: Principal) -> None:
        """Lets callers with a role through, before anything is looked at; the log says who asked for what."""
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
        """Tells the log, but not of every call: a flood of calls must not become a flood of lines."""
        self._refused += 1
        if (now := time.monotonic()) >= self._log_after:
            _log.warning(
                "calls refused", calls=self._refused, principal=caller, limit=refusal.limit, value=refusal.value
            )
            self._refused, self._log_after = 0, now + _LOG_SECONDS
