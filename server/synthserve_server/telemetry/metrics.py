"""The metrics for Prometheus. A test compares their names with the list in docs/operations.md.

The values of labels are bounded: methods and codes by the contract, models and versions by the repository. Names that
callers make up become `unknown`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from synthserve_core.compute.timings import Timings
from synthserve_server.models.states import State
from synthserve_server.telemetry.calls import UNKNOWN, Call, Stream
from synthserve_server.telemetry.gauges import Gauges, ModelState

_CALLS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
"""Seconds of a call: short calls take one millisecond, streams hours."""

_STEPS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds of a step for one message: 16 rows take a tenth of a millisecond, 128 images a tenth of a second."""

_SAMPLES = tuple(float(4**power) for power in range(9))
_TOGETHER = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class Metrics:
    """The metrics of the server."""

    def __init__(self, gauges: Gauges, build: Mapping[str, str]) -> None:
        """Starts at zero.

        Args:
            gauges: Values that are read on demand.
            build: The running software: names and versions.
        """
        # The `_created` series would double the number of series, and no dashboard uses them.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the package has no types there
        self.registry = registry = CollectorRegistry()

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"synthserve_{name}", about, labels, registry=registry)

        def histogram(name: str, about: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(f"synthserve_{name}", about, labels, buckets=buckets, registry=registry)

        self.requests = counter("requests_total", "Calls that are over.", "method", "model", "code")
        self.in_flight = Gauge("synthserve_requests_in_flight", "Calls under way.", ["method"], registry=registry)
        self.durations = histogram(
            "request_duration_seconds", "Seconds from the arrival of a call to its end.", _CALLS, "method", "model"
        )
        self.first = histogram(
            "time_to_first_message_seconds",
            "Seconds from the arrival of a stream to its first message.",
            _CALLS,
            "method",
            "model",
        )
        self.bytes = counter("sent_bytes_total", "Bytes of the messages given to gRPC.", "method", "model")
        self.samples = counter("samples_total", "Rows and images sent.", "model", "version")
        self._by_model = (
            histogram("queue_seconds", "How long a message waited for a worker.", _STEPS, "model"),
            histogram("encode_seconds", "How long encoding and serialising a message took.", _STEPS, "model"),
            histogram("write_seconds", "How long gRPC took to take a message: slow readers.", _CALLS, "model"),
            histogram("graph_seconds", "How long a run of the graph took.", _STEPS, "model"),
            histogram("graph_samples", "Samples in a run of the graph.", _SAMPLES, "model"),
            histogram("graph_messages", "Messages that were made together.", _TOGETHER, "model"),
        )
        self._of_model: dict[str, _OfModel] = {}
        waiting = Gauge("synthserve_waiting_messages", "Messages that wait for a worker.", registry=registry)
        waiting.set_function(gauges.waiting)
        Gauge("synthserve_workers", "Threads that compute.", registry=registry).set(gauges.workers)
        Info("synthserve_build", "What is running.", registry=registry).info(dict(build))
        registry.register(_States(gauges.states))
        ProcessCollector(registry=registry)
        GCCollector(registry)
        self._is_known = gauges.is_known

    def start(self, call: Call) -> "_CallMetrics":
        """Starts to count the events of a call."""
        return _CallMetrics(self, call)

    def label(self, model: str) -> str:
        """The label for a model that a caller asks for."""
        return model if self._is_known(model) else UNKNOWN

    def for_model(self, model: str) -> "_OfModel":
        """The metrics of an existing model."""
        if (found := self._of_model.get(model)) is None:
            found = _OfModel(*(metric.labels(model) for metric in self._by_model))
            self._of_model[model] = found
        return found


class _OfModel(NamedTuple):
    """The metrics of one model, cached: the lookup by label costs more than counting."""

    queue: Histogram
    encode: Histogram
    write: Histogram
    graph: Histogram
    batch: Histogram
    together: Histogram


class _CallMetrics:
    """Counts the events of one call."""

    def __init__(self, metrics: Metrics, call: Call) -> None:
        self._metrics = metrics
        self._call = call
        self._model = ""
        self._bytes: Counter | None = None
        self._samples: Counter | None = None
        self._of_model: _OfModel | None = None
        metrics.in_flight.labels(call.method).inc()

    def named(self, model: str) -> None:
        self._model = self._metrics.label(model)

    def generating(self, stream: Stream) -> None:
        self._model = stream.model
        self._samples = self._metrics.samples.labels(stream.model, stream.version)
        self._of_model = self._metrics.for_model(stream.model)

    def made(self, timings: Timings) -> None:
        of_model = self._of_model
        if of_model is None:
            return
        of_model.queue.observe(timings.started - timings.enqueued_at)
        of_model.encode.observe(timings.ended - timings.encoding)
        if timings.first:
            of_model.together.observe(timings.together)
            for run in timings.runs:
                of_model.graph.observe(run.ended - run.started)
                of_model.batch.observe(run.samples)

    def sending(self, size: int) -> None:
        if self._bytes is None:
            if self._of_model:
                self._metrics.first.labels(self._call.method, self._model).observe(self._call.seconds)
            self._bytes = self._metrics.bytes.labels(self._call.method, self._model)
        self._bytes.inc(size)

    def sent(self, started: float, ended: float) -> None:
        if self._of_model:
            self._of_model.write.observe(ended - started)

    def delivered(self, samples: int) -> None:
        if self._samples:
            self._samples.inc(samples)

    def ended(self, code: str, seconds: float) -> None:
        method = self._call.method
        self._metrics.requests.labels(method, self._model, code).inc()
        self._metrics.durations.labels(method, self._model).observe(seconds)
        self._metrics.in_flight.labels(method).dec()  # last: once no calls are in flight, all are counted


class _States(Collector):
    """The state of each version, read on demand."""

    def __init__(self, states: Callable[[], Iterable[ModelState]]) -> None:
        self._states = states

    def describe(self) -> Iterable[Metric]:
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        family = self._family()
        for version in self._states():
            for state in State:
                family.add_metric([version.model, str(version.version), state], state == version.state)
        yield family

    @staticmethod
    def _family() -> GaugeMetricFamily:
        about = "1 for the state that a version is in, 0 for the others."
        return GaugeMetricFamily("synthserve_model_state", about, labels=["model", "version", "state"])
