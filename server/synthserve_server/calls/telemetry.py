"""Notes what happens to every call, and gives it its request id."""

from collections.abc import Sequence
from typing import Any

import grpc
import structlog
from grpc import aio

from synthserve_server.telemetry.calls import UNKNOWN, Call, StartRecorder, serving
from synthserve_server.telemetry.metadata import Metadata
from synthserve_server.telemetry.outcome import status
from synthserve_server.telemetry.request_ids import KEY

Context = aio.ServicerContext[Any, Any]

_log = structlog.get_logger()


class CallTelemetry:
    """Takes down the calls to this package's services. The first stage: it is to see what others refuse."""

    def __init__(self, recorders: Sequence[StartRecorder]) -> None:
        """Wires it.

        Args:
            recorders: Who take down calls; looked at for each call.
        """
        self._recorders = recorders

    def arrived(self, method: str, metadata: Metadata) -> None:
        """Notes that a call has come, whose request can take its time yet."""
        serving.set(Call(method.removeprefix("/"), metadata))

    def unknown(self, metadata: Metadata) -> None:
        """Takes down a call to a method that the server does not have; its name can be anything."""
        call = Call(UNKNOWN, metadata)
        call.begin("", self._recorders)
        call.ended(grpc.StatusCode.UNIMPLEMENTED.name)

    def begin(self, context: Context) -> Call:
        """Begins to take down the call that has arrived, up to its true end."""
        call = serving.get()
        context.set_trailing_metadata(((KEY, call.request_id),))
        call.begin(context.peer(), self._recorders)

        def finished(ctx: Context) -> None:
            code = status(ctx, call.seconds)
            call.ended(code)
            if not call.stream and code != grpc.StatusCode.OK.name:
                _log.info("call ended", method=call.method, code=code, seconds=round(call.seconds, 3), **call.ids)

        context.add_done_callback(finished)  # type: ignore[arg-type]  # The stubs ask for a subclass.
        return call
