"""Sets up the telemetry in the settings. Parts that are switched off are not imported."""

import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

import onnxruntime
import structlog

from synthserve_server.settings.addresses import Address
from synthserve_server.system.listening import ListenError
from synthserve_server.telemetry.calls import StartRecorder
from synthserve_server.telemetry.gauges import Gauges

if TYPE_CHECKING:
    from synthserve_server.telemetry.tracing import Tracing

_log = structlog.get_logger()

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
"""The first variable that is set counts."""


class TelemetryError(Exception):
    """Traces cannot be sent as the environment requires; the message is one sentence."""


class Telemetry:
    """Metrics and traces, each if it is switched on."""

    def __init__(self, collector: str | None, metrics_listen: Address | None, gauges: Gauges, device: str) -> None:
        """Starts to count and to trace.

        Args:
            collector: The URL of the collector of traces; None: the one in the environment.
            metrics_listen: The address for reading the metrics; None: no metrics.
            gauges: Values for metrics that are read on demand.
            device: Where graphs run.

        Raises:
            TelemetryError: Traces cannot be sent as the environment requires.
        """
        self.recorders: list[StartRecorder] = []
        """Start a recorder for each call."""
        self._listen = metrics_listen
        self._closing: list[Callable[[], None]] = []
        if metrics_listen:
            from synthserve_server.telemetry.metrics import Metrics

            self._metrics = Metrics(gauges, _build(device))
            self.recorders.append(self._metrics.start)
        if wants_traces(collector):
            tracing = _tracing(collector)
            self.recorders.append(tracing.start)
            self._closing.append(tracing.close)
            _log.info("sending traces", collector=collector or "as the environment says")

    def expose_metrics(self) -> None:
        """Exposes the metrics, if they are switched on.

        Raises:
            ListenError: An address is in use, or not one of this machine.
        """
        if not self._listen:
            return
        from synthserve_server.telemetry.exposition import MetricsPort

        try:
            exposed = MetricsPort(self._listen, self._metrics.registry)
        except ListenError as error:
            raise ListenError(f"{error}; metrics were to be read there") from None
        self._closing.append(exposed.close)
        _log.info("showing metrics", host=self._listen.written_host, port=exposed.port)

    def close(self) -> None:
        """Sends the remaining traces and closes the metrics port, within a few seconds."""
        closing, self._closing = self._closing, []
        for close in closing:
            close()


def wants_traces(endpoint: str | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether traces are switched on, by the setting or by OpenTelemetry's own variables.

    Args:
        endpoint: The setting.
        environment: The environment variables.
    """
    off = (
        environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    )
    return not off and bool(endpoint or any(environment.get(name) for name in _ENDPOINTS))


def check_wishes(environment: Mapping[str, str]) -> None:
    """Checks that the environment requires no protocol for traces other than OTLP over gRPC.

    Args:
        environment: The environment variables. Empty ones count as unset.

    Raises:
        TelemetryError: It requires another protocol, which this server does not support.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter.lower() not in ("", "otlp"):
        raise TelemetryError(f"OTEL_TRACES_EXPORTER is {exporter!r}, but this server supports only otlp and none")
    name = next((name for name in _PROTOCOLS if environment.get(name)), None)
    if name and (wanted := environment[name].strip()).lower() != "grpc":
        raise TelemetryError(
            f"{name} is {wanted!r}, but this server sends traces only by OTLP over gRPC: set it to grpc and use the "
            "collector's port for gRPC, usually 4317, or set OTEL_TRACES_EXPORTER=none"
        )


def _tracing(collector: str | None) -> "Tracing":
    """Makes the sender of traces.

    Raises:
        TelemetryError: OpenTelemetry's variables have values that it cannot use.
    """
    check_wishes(os.environ)
    try:
        from synthserve_server.telemetry.tracing import Tracing

        return Tracing(collector)
    except Exception as error:  # its packages raise exceptions of any type
        names = ", ".join(sorted(name for name in os.environ if name.startswith("OTEL_"))) or "no OTEL_* variable"
        raise TelemetryError(f"traces cannot be sent as {names} say: {type(error).__name__}: {error}") from error


def _build(device: str) -> dict[str, str]:
    return {
        "version": version("synthserve-server"),
        "python": platform.python_version(),
        "grpc": version("grpcio"),
        "onnxruntime": onnxruntime.__version__,
        "device": device,
    }
