"""Records every call, and assigns its request id."""

from collections.abc import Sequence
from typing import Any

import grpc
import structlog
from grpc import aio

from synthserve_server.callbacks import on_done
from synthserve_server.telemetry.calls import UNKNOWN, Call, StartRecorder, serving
from synthserve_server.telemetry.metadata import Metadata
from synthserve_server.telemetry.outcome import status
from synthserve_server.telemetry.request_ids import KEY

Context = aio.ServicerContext[Any, Any]

_log = structlog.get_logger()


class CallTelemetry:
    """Records the calls to this package's services. It is the first stage, so that it sees refused calls too."""

    def __init__(self, recorders: Sequence[StartRecorder]) -> None:
        """Wires it.

        Args:
            recorders: Start a recorder for a call; read anew for each call.
        """
        self._recorders = recorders

    def arrived(self, method: str, metadata: Metadata) -> None:
        """Records that a call has arrived; its request may arrive later."""
        serving.set(Call(method.removeprefix("/"), metadata))

    def unknown(self, metadata: Metadata) -> None:
        """Records a call to a method that the server does not have, without its name, which callers can make up."""
        call = Call(UNKNOWN, metadata)
        call.begin("", self._recorders)
        call.ended(grpc.StatusCode.UNIMPLEMENTED.name)

    def begin(self, context: Context) -> Call:
        """Starts to record the call that has arrived, until it ends."""
        call = serving.get()
        context.set_trailing_metadata(((KEY, call.request_id),))
        call.begin(context.peer(), self._recorders)

        def finished(ctx: Context) -> None:
            code = status(ctx, call.seconds)
            call.ended(code)
            if not call.stream and code != grpc.StatusCode.OK.name:
                _log.info("call ended", method=call.method, code=code, seconds=round(call.seconds, 3), **call.ids)

        on_done(context, finished)
        return call
