"""The job of a worker for one request: it decodes the inputs, runs the graph, and encodes the outputs."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.sampler import run
from synthserve_core.compute.timings import Observer, Run, Timings
from synthserve_core.errors import GraphInputError
from synthserve_server.errors import InvalidRequestError, Violation
from synthserve_server.scheduling.jobs import Made
from synthserve_server.services.oip import inference_pb2
from synthserve_server.services.oip.answers import add, answered
from synthserve_server.services.oip.requests import Order
from synthserve_server.services.oip.statistics import Statistics

_FINAL = "triton_final_response"


def mark_final(response: inference_pb2.ModelInferResponse) -> None:
    """Marks the last response to a request of a stream, as Triton does.

    A request has one response here, so every response is the last. `triton_enable_empty_final_response` adds another
    one only for models that can end without a response.
    """
    response.parameters[_FINAL].bool_param = True


@dataclass(frozen=True)
class Inference:
    """One run of a graph.

    Attributes:
        order: The checked request.
        cancellation: Set when the answer is no longer wanted.
        statistics: Counts the run.
        streamed: Whether the answer is a ModelStreamInferResponse.
        observe: Called with the timings of the finished answer; None: only the statistics use them.
        enqueued_at: When it was put in the queue, by `time.perf_counter`.
    """

    order: Order
    cancellation: Cancellation
    statistics: Statistics
    streamed: bool
    observe: Observer | None
    enqueued_at: float = field(default_factory=time.perf_counter)

    def make(self) -> Made:
        """The serialised ModelInferResponse or ModelStreamInferResponse.

        Raises:
            InvalidRequestError: A value of an input is not allowed.
            CancelledWorkError: The answer is no longer wanted.
            GraphError: The graph failed.
        """
        package = self.order.package
        try:
            answer, timings = self._answer()
        except Exception:
            self.statistics.failed(package, time.perf_counter() - self.enqueued_at)
            raise
        self.statistics.answered(package, self.order.batch, timings)
        if self.observe:
            self.observe(timings)
        return Made(answer, self.order.batch)

    def _answer(self) -> tuple[bytes, Timings]:
        self.cancellation.check()
        order, package = self.order, self.order.package
        started = time.perf_counter()
        feeds = order.feeds()
        fed = time.perf_counter()
        try:
            arrays = run(package.model.generate, package.session, feeds, order.batch, self.cancellation)
        except GraphInputError as error:
            raise InvalidRequestError([Violation("inputs", str(error))]) from None
        ran = time.perf_counter()
        answer = self._encoded(arrays)
        runs = [Run(order.batch, fed, ran)]
        return answer, Timings(self.enqueued_at, started, runs, ran, time.perf_counter(), together=1, first=True)

    def _encoded(self, arrays: Mapping[str, NDArray[Any]]) -> bytes:
        if not self.streamed:
            response = inference_pb2.ModelInferResponse()
            self._fill(response, arrays)
            return response.SerializeToString()
        streamed = inference_pb2.ModelStreamInferResponse()
        self._fill(streamed.infer_response, arrays)
        mark_final(streamed.infer_response)
        return streamed.SerializeToString()

    def _fill(self, response: inference_pb2.ModelInferResponse, arrays: Mapping[str, NDArray[Any]]) -> None:
        order = self.order
        response.model_name = order.package.id
        response.model_version = str(order.package.version)
        response.id = order.request.id
        described = answered(order.package.model)
        for name in order.outputs:
            add(response, name, arrays, described[name], raw=order.raw)
