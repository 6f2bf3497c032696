"""Puts together the telemetry that the settings ask for. What they do not ask for is not even imported."""

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
"""The first that is there counts."""


class TelemetryError(Exception):
    """Traces cannot be sent in the way that the environment asks for; the message is one sentence."""


class Telemetry:
    """Metrics and traces, each where it is asked for."""

    def __init__(self, collector: str | None, metrics_listen: Address | None, gauges: Gauges, device: str) -> None:
        """Begins to count and to trace.

        Args:
            collector: The URL of the collector that gets traces; None: what the environment says.
            metrics_listen: Where the metrics are to be read; None: there are none.
            gauges: What need not be counted.
            device: Where graphs run.

        Raises:
            TelemetryError: The environment asks for traces that cannot be sent.
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
            tracing = _tracing(collector)
            self.recorders.append(tracing.start)
            self._closing.append(tracing.close)
            _log.info("sending traces", collector=collector or "as the environment says")

    def expose_metrics(self) -> None:
        """Has the metrics read, where there are any.

        Raises:
            ListenError: An address is taken, or not of this machine.
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
        environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    )
    return not off and bool(endpoint or any(environment.get(name) for name in _ENDPOINTS))


def check_wishes(environment: Mapping[str, str]) -> None:
    """Makes sure that traces are not wanted in another way than with OTLP over gRPC.

    Args:
        environment: The environment variables. Empty ones count as ones that are not there.

    Raises:
        TelemetryError: They are, and nothing here speaks that.
    """
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter.lower() not in ("", "otlp"):
        raise TelemetryError(f"OTEL_TRACES_EXPORTER is {exporter!r}, and this server knows only otlp, and none")
    name = next((name for name in _PROTOCOLS if environment.get(name)), None)
    if name and (wanted := environment[name].strip()).lower() != "grpc":
        raise TelemetryError(
            f"{name} is {wanted!r}, and this server sends traces with OTLP over gRPC alone: set it to grpc and name "
            "the collector's port for that, as a rule 4317, or set OTEL_TRACES_EXPORTER=none"
        )


def _tracing(collector: str | None) -> "Tracing":
    """What sends traces.

    Raises:
        TelemetryError: OpenTelemetry's own variables have values that it cannot use.
    """
    check_wishes(os.environ)
    try:
        from synthserve_server.telemetry.tracing import Tracing

        return Tracing(collector)
    except Exception as error:  # its packages raise what they like
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
