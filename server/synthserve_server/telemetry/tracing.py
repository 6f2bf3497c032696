"""Traces by OTLP over gRPC: a span for each call, with inner spans for the steps of its first messages.

OpenTelemetry's environment variables set everything but the endpoint: sampling, batching, headers, certificates.
"""

import threading
import time
from collections.abc import Mapping
from importlib.metadata import version

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from synthserve_core.compute.timings import Timings
from synthserve_server.telemetry.calls import UNKNOWN, Call, Stream
from synthserve_server.telemetry.metadata import value

DETAILED = 8
"""How many messages of a call get inner spans. A stream can have millions; its span has the totals."""

_CLOSING = 3.0
"""The time limit in seconds for sending the last spans; later ones are lost."""

_PROPAGATED = ("traceparent", "tracestate")

_SERVER_FAULTS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
"""The codes that mark a server span as failed, by OpenTelemetry's conventions for gRPC."""


class Tracing:
    """Makes spans and sends them."""

    def __init__(self, endpoint: str | None) -> None:
        """Starts the sender; the collector need not be reachable.

        Args:
            endpoint: The URL of the collector; None: the one in the environment.
        """
        named = Resource.create({"service.name": "synthserve", "service.version": version("synthserve-server")})
        # The atexit hook of the provider would wait for the collector without a limit.
        self._provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._exporter = OTLPSpanExporter(endpoint=endpoint)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("synthserve_server", version("synthserve-server"))
        self._propagator = TraceContextTextMapPropagator()

    def start(self, call: Call) -> "_CallSpan":
        """Starts the span of a call, inside the caller's span."""
        carrier = {key: text for key in _PROPAGATED if (text := value(call.metadata, key))}
        return _CallSpan(self._tracer, call, self._propagator.extract(carrier, contexts.Context()))

    def close(self) -> None:
        """Sends the last spans, within `_CLOSING` seconds."""
        # Neither the flush nor the shutdown of the provider has an effective time limit.
        sending = threading.Thread(target=self._provider.force_flush, name="last-spans", daemon=True)
        sending.start()
        sending.join(_CLOSING)
        if sending.is_alive():
            self._exporter.shutdown(0)
        else:
            self._provider.shutdown()


class _CallSpan:
    """The span of one call."""

    def __init__(self, tracer: Tracer, call: Call, parent: contexts.Context) -> None:
        self._tracer = tracer
        self._call = call
        self._epoch = time.time_ns() - time.perf_counter_ns()
        method = "_OTHER" if call.method == UNKNOWN else call.method
        self._span = tracer.start_span(
            method,
            parent,
            SpanKind.SERVER,
            {
                "rpc.system.name": "grpc",
                "rpc.method": method,
                "network.peer.address": call.peer,
                "synthserve.request_id": call.request_id,
            },
            start_time=self._nanoseconds(call.started),
        )
        self._recording = self._span.is_recording()
        self._inside = trace.set_span_in_context(self._span, contexts.Context())
        self._lock = threading.Lock()
        self._made = self._sent = self._bytes = 0
        self._queue = self._graph = self._encode = self._write = 0.0
        call.trace_id = trace.format_trace_id(self._span.get_span_context().trace_id)

    def named(self, model: str) -> None:
        """Records nothing: the requested name can be any text."""

    def generating(self, stream: Stream) -> None:
        self._span.set_attributes(
            {
                "synthserve.model": stream.model,
                "synthserve.version": stream.version,
                "synthserve.offset": stream.offset,
            }
        )
        if stream.seed is not None:
            self._span.set_attribute("synthserve.seed", stream.seed)
        if stream.count is not None:
            self._span.set_attribute("synthserve.count", stream.count)

    def made(self, timings: Timings) -> None:
        if not self._recording:
            return
        with self._lock:  # Several workers can make messages of one call.
            self._made += 1
            message = self._made
            self._queue += timings.started - timings.enqueued_at
            self._graph += sum(run.ended - run.started for run in timings.runs)
            self._encode += timings.ended - timings.encoding
        if message > DETAILED:
            return
        self._inner("queue", timings.enqueued_at, timings.started, message)
        if runs := timings.runs:
            work = {
                "synthserve.graph.runs": len(runs),
                "synthserve.graph.samples": sum(run.samples for run in runs),
                "synthserve.graph.messages": timings.together,
            }
            self._inner("graph", runs[0].started, runs[-1].ended, message, work)
        self._inner("encode", timings.encoding, timings.ended, message)

    def sending(self, size: int) -> None:
        self._bytes += size

    def sent(self, started: float, ended: float) -> None:
        self._sent += 1
        self._write += ended - started
        if self._recording and self._sent <= DETAILED:
            self._inner("write", started, ended, self._sent)

    def delivered(self, samples: int) -> None:
        """Records nothing: the call counts its samples."""

    def ended(self, code: str, _seconds: float) -> None:
        span = self._span
        with self._lock:
            span.set_attributes(
                {
                    "rpc.response.status_code": code,
                    "synthserve.samples": self._call.samples,
                    "synthserve.messages": self._sent,
                    "synthserve.bytes": self._bytes,
                    "synthserve.queue.seconds": self._queue,
                    "synthserve.graph.seconds": self._graph,
                    "synthserve.encode.seconds": self._encode,
                    "synthserve.write.seconds": self._write,
                }
            )
        if code in _SERVER_FAULTS:
            span.set_attribute("error.type", code)
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def _inner(
        self, name: str, started: float, ended: float, message: int, more: Mapping[str, int] | None = None
    ) -> None:
        span = self._tracer.start_span(
            name,
            self._inside,
            attributes={"synthserve.message": message, **(more or {})},
            start_time=self._nanoseconds(started),
        )
        span.end(self._nanoseconds(ended))

    def _nanoseconds(self, counted: float) -> int:
        """A time of `time.perf_counter` as nanoseconds since 1970."""
        return self._epoch + int(counted * 1e9)
