"""What the client does when it is over a limit; and the service config for clients that have only gRPC."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from scripts.server_process import running_server

import synthserve
from synthserve.v1 import generation_pb2 as pb
from synthserve.v1 import model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.sdk.conftest import Fault, Row, ScriptedServer

    Expected = Callable[[range, int], list[Row]]
    Refusal = Callable[..., Fault]

CONFIG = Path(__file__).parents[3] / "clients" / "service-config.json"


@pytest.fixture
def refusal(fault: type[Fault]) -> Refusal:
    """RESOURCE_EXHAUSTED as the server sends it: after so many messages, and with a time to wait in seconds or none."""

    def make(after: int = 0, seconds: float | None = 0.0) -> Fault:
        details: list[Any] = [
            error_details_pb2.ErrorInfo(reason="LIMIT_EXCEEDED", domain="synthserve", metadata={"limit": "max_streams"})
        ]
        violation = error_details_pb2.QuotaFailure.Violation(subject="server", description="max_streams is 1")
        details.append(error_details_pb2.QuotaFailure(violations=[violation]))
        if seconds is not None:
            delay = Duration()
            delay.FromMilliseconds(round(seconds * 1000))
            details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        return fault(after, grpc.StatusCode.RESOURCE_EXHAUSTED, details)

    return make


def test_calls_of_all_kinds_are_tried_again_when_the_server_says_when(
    scripted: ScriptedServer, client: synthserve.Client, refusal: Refusal, fault: type[Fault], expected: Expected
) -> None:
    scripted.unary_faults = [refusal(), refusal()]
    assert len(client.models()) == 5
    # A new stream, and one that goes on: it broke, and then found no place.
    scripted.faults = [refusal(), fault(1), refusal(), refusal()]
    assert list(client.rows("scripted", count=9, seed=1)) == expected(range(9), 1)
    assert [request.offset for request in scripted.requests if hasattr(request, "offset")] == [0, 0, 3, 3, 3]


async def test_asyncio_calls_are_tried_again_too(
    scripted: ScriptedServer, retry: synthserve.RetryPolicy, refusal: Refusal, expected: Expected
) -> None:
    async with synthserve.AsyncClient(scripted.target, retry=retry) as client:
        scripted.unary_faults = [refusal()]
        assert len(await client.models()) == 5
        scripted.faults = [refusal(), refusal(2)]
        assert [row async for row in client.rows("scripted", count=9, seed=1)] == expected(range(9), 1)


@pytest.mark.parametrize("messages", [0, 1])
def test_without_a_time_nothing_is_tried_again(
    scripted: ScriptedServer, client: synthserve.Client, refusal: Refusal, messages: int
) -> None:
    scripted.faults = [refusal(messages, None)]
    with pytest.raises(synthserve.ResourceExhausted) as raised:
        list(client.rows("scripted", count=9))
    assert len(scripted.requests) == 1
    assert raised.value.retry_delay is None


def test_the_error_tells_which_limit_and_for_how_long(
    scripted: ScriptedServer, client: synthserve.Client, refusal: Refusal
) -> None:
    scripted.faults = [refusal(seconds=0.001)] * 4
    with pytest.raises(synthserve.ResourceExhausted) as raised:
        list(client.rows("scripted", count=9))
    error = raised.value
    assert (error.retry_delay, error.reason, error.metadata) == (0.001, "LIMIT_EXCEEDED", {"limit": "max_streams"})
    assert error.violations == (synthserve.QuotaViolation("server", "max_streams is 1"),)
    assert str(error.violations[0]) == "server: max_streams is 1"
    assert error.__notes__ == ["gave up after 4 attempts"]


def test_a_wait_that_passes_the_deadline_is_not_waited_for(
    scripted: ScriptedServer, client: synthserve.Client, refusal: Refusal
) -> None:
    for messages in (0, 1):
        scripted.faults = [refusal(messages, 3600)]
        with pytest.raises(synthserve.DeadlineExceeded) as raised:
            list(client.rows("scripted", count=9, timeout=60))
        cause = raised.value.__cause__
        assert isinstance(cause, synthserve.ResourceExhausted)
        assert cause.retry_delay == 3600


def test_a_client_gets_the_place_that_another_one_leaves(
    repository: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "synthserve")
    with (
        running_server(repository, tmp_path / "log.txt", "--device", "cpu", "--max-streams", "1") as server,
        synthserve.Client(server.address) as client,
    ):
        endless = client.rows("tiny-table")
        held = iter(endless)
        next(held)
        with (
            pytest.raises(synthserve.ResourceExhausted, match="max_streams of this server is 1") as raised,
            synthserve.Client(server.address, retry=synthserve.RetryPolicy(start_attempts=1)) as hasty,
        ):
            list(hasty.rows("tiny-table", count=1))
        assert raised.value.violations[0].subject == "server"

        class Leaves(logging.Handler):
            """Ends the endless stream as soon as the other one has been refused."""

            def emit(self, _: logging.LogRecord) -> None:
                endless.close()

        logger = logging.getLogger("synthserve")
        leaves = Leaves()
        logger.addHandler(leaves)
        try:
            assert len(list(client.rows("tiny-table", count=5))) == 5
        finally:
            logger.removeHandler(leaves)
        assert "broke at index 0 (max_streams of this server is 1" in caplog.text


@pytest.fixture
def configured(scripted: ScriptedServer) -> Iterator[grpc.Channel]:
    """A channel as any gRPC client has it, with the service config."""
    with grpc.insecure_channel(scripted.target, [("grpc.service_config", CONFIG.read_text())]) as channel:
        yield channel


def test_the_service_config_retries_what_was_unavailable_before_anything_came(
    scripted: ScriptedServer, configured: grpc.Channel, fault: type[Fault], refusal: Refusal
) -> None:
    models: Any = ModelServiceStub(configured)
    generation: Any = GenerationServiceStub(configured)
    scripted.unary_faults = [fault(), fault()]
    assert models.ListModels(model_pb2.ListModelsRequest()).models
    scripted.faults = [fault()]
    assert len(list(generation.GenerateRows(pb.GenerateRowsRequest(model="m", count=9)))) == 3
    assert len(scripted.requests) == 5
    # gRPC retries neither a call that is over a limit nor a stream that has begun: its samples would come twice.
    for last in (refusal(), fault(1)):
        scripted.requests.clear()
        scripted.faults = [last]
        with pytest.raises(grpc.RpcError):
            list(generation.GenerateRows(pb.GenerateRowsRequest(model="m", count=9)))
        assert len(scripted.requests) == 1


def test_the_service_config_says_what_the_sdk_does() -> None:
    (config,) = json.loads(CONFIG.read_text())["methodConfig"]
    ours = synthserve.RetryPolicy()
    assert config["retryPolicy"] == {
        "maxAttempts": ours.start_attempts,
        "initialBackoff": f"{ours.initial_backoff:g}s",
        "maxBackoff": f"{ours.max_backoff:g}s",
        "backoffMultiplier": ours.multiplier,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
