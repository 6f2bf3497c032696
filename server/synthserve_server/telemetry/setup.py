"""Puts together the telemetry that the settings ask for. What they do not ask for is not even imported."""

import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version

import onnxruntime
import structlog

from synthserve_server.telemetry.calls import StartRecorder
from synthserve_server.telemetry.gauges import Gauges

_log = structlog.get_logger()

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Telemetry:
    """Metrics and traces, each where it is asked for."""

    def __init__(self, collector: str | None, metrics_listen: str | None, gauges: Gauges, device: str) -> None:
        """Begins to count and to trace.

        Args:
            collector: The URL of the collector that gets traces; None: what the environment says.
            metrics_listen: Where the metrics are to be read, as HOST:PORT; None: there are none.
            gauges: What need not be counted.
            device: Where graphs run.
        """
        self.recorders: list[StartRecorder] = []
        """Who take down each call."""
        self._listen = metrics_listen
        self._closing: list[Callable[[], None]] = []
        if metrics_listen:
            from synthserve_server.telemetry.metrics import Metrics

            self._metrics = Metrics(gauges, _build(device))
            self.recorders.append(self._metrics.start)
        if wants_traces(collector):
            from synthserve_server.telemetry.tracing import Tracing

            tracing = Tracing(collector)
            self.recorders.append(tracing.start)
            self._closing.append(tracing.close)
            _log.info("sending traces", collector=collector or "as the environment says")

    def expose_metrics(self) -> None:
        """Has the metrics read, where there are any.

        Raises:
            OSError: The address is taken, or not of this machine.
        """
        if not self._listen:
            return
        from synthserve_server.telemetry.exposition import MetricsPort

        host, _, port = self._listen.rpartition(":")
        exposed = MetricsPort(host, int(port), self._metrics.registry)
        self._closing.append(exposed.close)
        _log.info("showing metrics", host=host, port=exposed.port)

    def close(self) -> None:
        """Sends what is left, and closes the port. Takes some seconds at most."""
        closing, self._closing = self._closing, []
        for close in closing:
            close()


def wants_traces(endpoint: str | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are asked for, by a setting or in the ways that OpenTelemetry has for it.

    Args:
        endpoint: The setting.
        environment: The environment variables.
    """
    off = (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none"
    )
    return not off and bool(endpoint or any(environment.get(name) for name in _ENDPOINTS))


def _build(device: str) -> dict[str, str]:
    return {
        "version": version("synthserve-server"),
        "python": platform.python_version(),
        "grpc": version("grpcio"),
        "onnxruntime": onnxruntime.__version__,
        "device": device,
    }
