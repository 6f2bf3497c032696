"""Counts runs and adds up their durations, for ModelStatistics."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

from synthserve_core.compute.timings import Timings
from synthserve_server.models.catalogue import ReadyPackage
from synthserve_server.services.oip import inference_pb2


@dataclass
class _Counted:
    answered: int = 0
    failed: int = 0
    samples: int = 0
    last: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Total seconds by the protocol's name of the phase."""


class Statistics:
    """The statistics of the requests for each version of each model. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: defaultdict[tuple[str, int], _Counted] = defaultdict(_Counted)

    def answered(self, package: ReadyPackage, samples: int, timings: Timings) -> None:
        """Counts an answered request."""
        (run,) = timings.runs
        with self._lock:
            counted = self._counted[package.id, package.version]
            counted.answered += 1
            counted.samples += samples
            counted.last = time.time_ns() // 1_000_000
            counted.seconds["success"] += timings.ended - timings.enqueued_at
            counted.seconds["queue"] += timings.started - timings.enqueued_at
            counted.seconds["compute_input"] += run.started - timings.started
            counted.seconds["compute_infer"] += run.ended - run.started
            counted.seconds["compute_output"] += timings.ended - timings.encoding

    def failed(self, package: ReadyPackage, seconds: float) -> None:
        """Counts a request that failed in a worker."""
        with self._lock:
            counted = self._counted[package.id, package.version]
            counted.failed += 1
            counted.seconds["fail"] += seconds

    def of(self, package: ReadyPackage) -> inference_pb2.ModelStatistics:
        """The statistics of a version."""
        with self._lock:
            counted = self._counted[package.id, package.version]

            def spent(name: str) -> inference_pb2.StatisticDuration:
                count = counted.failed if name == "fail" else counted.answered
                return inference_pb2.StatisticDuration(count=count, ns=round(counted.seconds[name] * 1e9))

            return inference_pb2.ModelStatistics(
                name=package.id,
                version=str(package.version),
                last_inference=counted.last,
                inference_count=counted.samples,
                execution_count=counted.answered,
                inference_stats=inference_pb2.InferStatistics(
                    success=spent("success"),
                    fail=spent("fail"),
                    queue=spent("queue"),
                    compute_input=spent("compute_input"),
                    compute_infer=spent("compute_infer"),
                    compute_output=spent("compute_output"),
                ),
            )
