"""The sides of the comparison: what each is asked for a workload, and whether it can serve it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks import http_client
from tests.benchmarks.plans import Plan, Transport
from tests.benchmarks.requests import image_request, infer_request, row_request
from tests.benchmarks.servers import Peer
from tests.benchmarks.workloads import Workload

SERVER = "synthserve"
SDK = "synthserve-sdk"
BEFORE = "before"
IN_PROCESS = "in-process"

SERVICE = "/synthserve.v1.GenerationService/"
MODEL_INFER = "/inference.GRPCInferenceService/ModelInfer"

LARGEST_ANSWER = 1_000_000
"""A peer that cannot stream gets a larger job as several calls of so many samples, one after another."""

MOST_DICTS = 1_000_000
"""The SDK gives typed rows as dicts; more at a time are left out, as they would measure Python's dicts alone."""


@dataclass(frozen=True)
class Side:
    """Something that makes samples: a server that runs, or the in-process limit."""

    name: str
    transport: Transport
    pid: int
    """The process whose processor time and memory are counted."""
    address: str = ""
    peer: Peer | None = None
    repository: Path = Path()

    def serves(self, workload: Workload) -> bool:
        """Whether the side can do this at all."""
        if self.transport is Transport.IN_PROCESS:
            return not workload.first_only
        if self.transport is Transport.SDK:
            asked = workload.count * workload.callers
            return workload.form != "typed" or asked <= MOST_DICTS or workload.first_only
        if self.peer is None:
            return True
        return workload.form in self.peer.forms and (self.peer.streams or not workload.first_only)

    def plan(self, workload: Workload, seconds: float, limit: float) -> Plan:
        """What a driver is to do for this side."""
        method, requests = self._calls(workload)
        _, warm_up = self._calls(replace(workload, count=1))
        return Plan(
            self.transport,
            workload,
            seconds,
            limit,
            address=self.address,
            method=method,
            requests=requests,
            warm_up=b"".join(warm_up),
            repository=self.repository,
        )

    def _calls(self, workload: Workload) -> tuple[str, tuple[bytes, ...]]:
        if self.transport is Transport.GRPC_STREAM:
            if workload.kind == "rows":
                return SERVICE + "GenerateRows", (row_request(workload).SerializeToString(),)
            return SERVICE + "GenerateImages", (image_request(workload).SerializeToString(),)
        if self.peer is None:
            return "", ()
        parts = 1 if self.peer.streams else -(-workload.count // LARGEST_ANSWER)
        method = MODEL_INFER if self.transport is Transport.GRPC_UNARY else ""
        return method, (self._request(self.peer, workload, workload.count // parts),) * parts

    def _request(self, peer: Peer, workload: Workload, count: int) -> bytes:
        if peer.transport is Transport.GRPC_UNARY:
            return infer_request(workload.model, count)
        if peer.module == "litserve_raw":
            body = json.dumps({"count": count}).encode()
            return http_client.post(self.address, f"/samples/{workload.model}", body)
        path = f"/{workload.kind}/{workload.model}?count={count}"
        return http_client.get(self.address, f"{path}&form={workload.form}" if "csv" in peer.forms else path)
