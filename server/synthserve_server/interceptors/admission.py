"""Refuses calls that are over a limit, at once and before anything is computed for them."""

import time
from typing import Any

import structlog
from grpc import aio

from synthserve_server.errors import LimitExceededError
from synthserve_server.limits.admission import Admission, Refusal
from synthserve_server.limits.quotas import Kind
from synthserve_server.security.principals import who

_log = structlog.get_logger()

_COMPUTING: dict[str, Kind | None] = {
    "/synthserve.v1.GenerationService/GenerateRows": Kind.ROWS,
    "/synthserve.v1.GenerationService/GenerateImages": Kind.IMAGES,
    "/inference.GRPCInferenceService/ModelInfer": None,
    "/inference.GRPCInferenceService/ModelStreamInfer": None,
}
"""The methods that compute, and what; None: that depends on the model, which the service finds.

Others answer from what is in memory, and have no end that would be waited for.
"""

_LOG_SECONDS = 1.0


class Gate:
    """Gives each stream a place, or none."""

    def __init__(self, admission: Admission) -> None:
        """Has `admission` decide."""
        self._admission = admission
        self._refused = 0
        self._log_after = 0.0

    def admit(self, method: str, context: aio.ServicerContext[Any, Any]) -> None:
        """Lets a call that computes begin, up to its true end; others always.

        Raises:
            LimitExceededError: It is over a limit.
        """
        if method not in _COMPUTING:
            return
        caller = who(context).name
        decision = self._admission.admit(caller, _COMPUTING[method])
        if isinstance(decision, Refusal):
            self._note(caller, decision)
            raise LimitExceededError(decision)
        # Called when gRPC's task of the call is over, whatever ended it.
        context.add_done_callback(lambda _: decision.release())  # type: ignore[arg-type]  # The stubs ask for a subclass.

    def _note(self, caller: str, refusal: Refusal) -> None:
        """Tells the log, but not of every call: a flood of calls must not become a flood of lines."""
        self._refused += 1
        if (now := time.monotonic()) >= self._log_after:
            _log.warning(
                "calls refused", calls=self._refused, principal=caller, limit=refusal.limit, value=refusal.value
            )
            self._refused, self._log_after = 0, now + _LOG_SECONDS
