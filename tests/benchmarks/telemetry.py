"""What counting and tracing cost, and what importing their libraries costs.

    python -m tests.benchmarks.telemetry

Microseconds of processor time for each message of a stream: all that is done for it beside making it. The least of
several repeats, as this is about the work and not about the machine. Traces are of a stream that is sampled and goes
nowhere.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import TracerProvider
from tests.fixtures import commands

from synthserve_core.compute.timings import Run, Timings
from synthserve_server.telemetry.calls import Call, StartRecorder, Stream
from synthserve_server.telemetry.gauges import Gauges
from synthserve_server.telemetry.metrics import Metrics
from synthserve_server.telemetry.tracing import DETAILED, Tracing

MESSAGES = 20_000
REPEATS = 7
IMPORTS = ("prometheus_client", "opentelemetry.sdk.trace", "synthserve_server.telemetry.tracing")


def microseconds(recorders: Sequence[StartRecorder], messages: int) -> float:
    """For each message of a stream, with these recorders."""
    call = Call("synthserve.v1.GenerationService/GenerateRows", [])
    call.begin("ipv4:127.0.0.1:1", recorders)
    call.named("models/iris")
    call.generating(Stream("iris", 1, 7, 0, None))
    observe = call.observer
    run = [Run(1024, 0.001, 0.002)]
    started = time.process_time()
    for _ in range(messages):
        if observe:
            observe(Timings(0.0, 0.001, run, 0.002, 0.0021, 1, True))
        call.sending(65_536)
        call.sent(time.perf_counter())
        call.delivered(1024)
    spent = time.process_time() - started
    call.ended("OK")
    return spent / messages * 1e6


def least(measure: Callable[[], float]) -> float:
    """The least of several repeats."""
    return min(measure() for _ in range(REPEATS))


def import_seconds(module: str) -> float:
    """Of the processor, in a new process that has imported what the server imports anyway."""
    program = (
        f"import time, synthserve_server.app; t = time.process_time(); import {module}; print(time.process_time() - t)"
    )
    command = [sys.executable, "-c", program]
    runs = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(3))
    return statistics.median(float(run.stdout) for run in runs)


def main() -> None:
    """Measures and prints."""
    metrics = Metrics(Gauges(lambda: (), lambda _: True, lambda: 0, 2), {})
    tracing = Tracing("http://127.0.0.1:1")
    tracing._tracer = TracerProvider(shutdown_on_exit=False).get_tracer("benchmark")
    print(f"nothing:                     {least(lambda: microseconds([], MESSAGES)):6.2f} µs a message")
    print(f"metrics:                     {least(lambda: microseconds([metrics.start], MESSAGES)):6.2f} µs a message")
    print(f"traces:                      {least(lambda: microseconds([tracing.start], MESSAGES)):6.2f} µs a message")
    first = least(lambda: microseconds([tracing.start], DETAILED))
    print(f"traces, first {DETAILED} messages:    {first:6.2f} µs a message")
    for module in IMPORTS:
        print(f"import {module}: {import_seconds(module):.3f} s")
    tracing.close()


if __name__ == "__main__":
    commands.run(main)
