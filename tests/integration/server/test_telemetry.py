"""What an operator sees of a real server process: metrics, traces, log lines, request ids."""

import hashlib
import json
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from onnx import TensorProto, helper
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.fixtures import packages
from tests.fixtures.collector import Collector, attributes, running_collector
from tests.fixtures.conditions import equal
from tests.fixtures.processes import SERVER, ServerProcess, log_with, running_server

import synthserve
from synthserve.v1 import generation_pb2, model_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2_grpc import ModelServiceStub

METHOD = "synthserve.v1.GenerationService/GenerateRows"
TOKEN = "a token that nobody guesses"  # noqa: S105 - of this test
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def failing_graph() -> bytes:
    """Gives a category that is none whenever the condition is set."""
    nodes = [
        helper.make_node("Add", ["condition:species", "one"], ["set"]),
        helper.make_node("Mul", ["set", "many"], ["code"]),
        helper.make_node("Cast", ["code"], ["species"], to=TensorProto.INT32),
    ]
    inputs = [("latent", "float32", [1]), ("condition:species", "int64", [])]
    return packages.graph(
        nodes, inputs, [("species", "int32", [])], {"one": np.array(1, np.int64), "many": np.array(99, np.int64)}
    )


FAILING_MANIFEST: dict[str, Any] = {
    "graph": {"latent_shape": [1], "batch_size": 64},
    "table": {"columns": [{"name": "species", "type": "COLUMN_TYPE_CATEGORY", "categories": ["a", "b"]}]},
    "conditions": [{"column": "species", "categories": ["a", "b"]}],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("telemetry") / "models"
    packages.write_package(root, "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
    packages.write_package(root, "failing", failing_graph(), FAILING_MANIFEST)
    (root / "broken" / "3").mkdir(parents=True)
    return root


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(models: Path, collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with everything turned on, and a token."""
    folder = tmp_path_factory.mktemp("server")
    tokens = folder / "tokens"
    tokens.write_text(f"reporting {hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    flags = ("--otlp-endpoint", f"http://{collector.address}", "--metrics-listen", "127.0.0.1:0", "--workers", "2")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        environment.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        environment.setenv("OTEL_EXPORTER_OTLP_HEADERS", "tenant=ours")
        log = folder / "log.txt"
        with running_server(models, log, *flags, "--token-file", str(tokens), "--log-format", "json") as server:
            yield server


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def headers(request_id: str, *more: tuple[str, str], token: str = TOKEN) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"), ("x-request-id", request_id), *more)


def rows(model: str = "models/tiny-table", **fields: Any) -> generation_pb2.GenerateRowsRequest:
    return generation_pb2.GenerateRowsRequest(model=model, seed=7, **fields)


def generate(channel: grpc.Channel, request: Any, metadata: Any) -> Any:
    return GenerationServiceStub(channel).GenerateRows(request, metadata=metadata)


def lines(server: ServerProcess, text: str) -> list[dict[str, Any]]:
    """The lines of the log once a text is in it."""
    return [json.loads(line) for line in log_with(server, text).splitlines()]


def shown(server: ServerProcess) -> str:
    (port,) = [line["port"] for line in lines(server, "showing metrics") if line["event"] == "showing metrics"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text: str = answer.read().decode()
    return text


def samples(server: ServerProcess) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(shown(server)) for sample in family.samples]


def value(server: ServerProcess, name: str, **labels: str) -> float:
    """The sum of the samples with a name that have these labels."""
    found = (sample for sample in samples(server) if sample.name == name and labels.items() <= sample.labels.items())
    return sum(sample.value for sample in found)


def test_call_leaves_its_traces(server: ServerProcess, channel: grpc.Channel, collector: Collector) -> None:
    before = {name: value(server, name) for name in ("synthserve_samples_total", "synthserve_sent_bytes_total")}
    call = generate(channel, rows(count=500), headers("traced", ("traceparent", f"00-{TRACE}-{PARENT}-01")))
    responses = list(call)
    span = collector.of_call("traced")
    assert (span.name, span.kind) == (METHOD, Span.SPAN_KIND_SERVER)
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert span.status.code == Status.STATUS_CODE_UNSET
    found = attributes(span)
    for name in ("queue", "graph", "encode", "write"):
        assert found.pop(f"synthserve.{name}.seconds") >= 0
    assert found.pop("network.peer.address").startswith("ipv4:127.0.0.1:")
    assert found == {
        "rpc.system.name": "grpc",
        "rpc.method": METHOD,
        "rpc.response.status_code": "OK",
        "synthserve.request_id": "traced",
        "synthserve.model": "tiny-table",
        "synthserve.version": 1,
        "synthserve.seed": 7,
        "synthserve.offset": 0,
        "synthserve.count": 500,
        "synthserve.samples": 500,
        "synthserve.messages": len(responses),
        "synthserve.bytes": sum(response.ByteSize() for response in responses),
    }
    inside = collector.inside(span, 4 * len(responses))
    assert sorted(one.name for one in inside) == sorted(["queue", "graph", "encode", "write"] * len(responses))
    for one in inside:
        assert span.start_time_unix_nano <= one.start_time_unix_nano <= one.end_time_unix_nano
        assert one.end_time_unix_nano <= span.end_time_unix_nano
    assert {one.trace_id for one in inside} == {span.trace_id}
    (resource, *_) = collector.resources
    assert resource["service.name"] == "synthserve"
    assert resource["deployment.environment.name"] == "test"
    assert collector.headers[0]["tenant"] == "ours"
    assert value(server, "synthserve_samples_total") == before["synthserve_samples_total"] + 500
    sent = value(server, "synthserve_sent_bytes_total") - before["synthserve_sent_bytes_total"]
    assert sent == sum(response.ByteSize() for response in responses)
    (line,) = [line for line in lines(server, '"traced"') if line.get("request_id") == "traced"]
    assert line["trace_id"] == TRACE
    assert line["principal"] == "reporting"


def test_long_stream_has_few_spans(channel: grpc.Channel, collector: Collector) -> None:
    responses = list(generate(channel, rows(count=2_000, rows_per_message=64), headers("long")))
    assert len(responses) > 30
    span = collector.of_call("long")
    assert attributes(span)["synthserve.messages"] == len(responses)
    assert not span.parent_span_id
    inside = collector.inside(span, 4 * 8)
    assert len(inside) == 4 * 8
    assert {attributes(one)["synthserve.message"] for one in inside} == set(range(1, 9))


def test_sampling_follows_the_caller(channel: grpc.Channel, collector: Collector) -> None:
    list(generate(channel, rows(count=1), headers("not-sampled", ("traceparent", f"00-{TRACE}-{PARENT}-00"))))
    list(generate(channel, rows(count=1), headers("sampled", ("traceparent", f"00-{TRACE}-{PARENT}-01"))))
    assert collector.of_call("sampled")
    assert not [span for span in collector.spans if attributes(span).get("synthserve.request_id") == "not-sampled"]


@pytest.mark.parametrize(
    ("request_id", "model", "token", "code", "failed"),
    [
        ("not-found", "models/nope", TOKEN, "NOT_FOUND", False),
        ("bad-name", "nope", TOKEN, "INVALID_ARGUMENT", False),
        ("model-failed", "models/broken", TOKEN, "FAILED_PRECONDITION", False),
        ("stranger", "models/tiny-table", "another token", "UNAUTHENTICATED", False),
        ("internal", "models/failing", TOKEN, "INTERNAL", True),
    ],
)
def test_error_can_be_found(
    server: ServerProcess,
    channel: grpc.Channel,
    collector: Collector,
    request_id: str,
    model: str,
    token: str,
    code: str,
    failed: bool,
) -> None:
    where = {"species": "b"} if model == "models/failing" else {}
    with pytest.raises(grpc.RpcError) as caught:
        list(generate(channel, rows(model, conditions=equal(where)), headers(request_id, token=token)))
    error: Any = caught.value
    assert error.code().name == code
    assert dict(error.trailing_metadata())["x-request-id"] == request_id
    assert "grpc-status-details-bin" in dict(error.trailing_metadata())
    span = collector.of_call(request_id)
    assert attributes(span)["rpc.response.status_code"] == code
    assert (span.status.code == Status.STATUS_CODE_ERROR) == failed
    assert attributes(span).get("error.type") == (code if failed else None)
    found: list[dict[str, Any]] = []
    while code not in {line.get("code") for line in found}:  # others can be written a moment before
        found = [line for line in lines(server, f'"{request_id}"') if line.get("request_id") == request_id]
    assert ("call failed" in {line["event"] for line in found}) == failed
    assert '"locals"' not in json.dumps(found)
    label = model.removeprefix("models/") if model in ("models/failing", "models/broken") else "unknown"
    label = "" if request_id == "stranger" else label  # it was not even asked what he wants
    assert value(server, "synthserve_requests_total", method=METHOD, model=label, code=code) == 1


def test_every_call_has_a_request_id(channel: grpc.Channel) -> None:
    stub: Any = ModelServiceStub(channel)
    _, call = stub.ListModels.with_call(model_pb2.ListModelsRequest(), metadata=headers("mine"))
    assert dict(call.trailing_metadata())["x-request-id"] == "mine"
    stream = generate(channel, rows(count=1), headers("not well-formed"))
    made = dict(stream.initial_metadata())["x-request-id"]
    list(stream)
    assert dict(stream.trailing_metadata())["x-request-id"] == made != "not well-formed"
    assert len(made) == 36


def test_client_tells_the_request_id(server: ServerProcess) -> None:
    metadata = {"authorization": f"Bearer {TOKEN}", "x-request-id": "from-the-client"}
    with synthserve.Client(server.address, metadata=metadata) as client:
        with pytest.raises(synthserve.ModelNotFound) as missing:
            client.model("nope")
        with pytest.raises(synthserve.ServerError) as failed:
            client.rows("failing", count=1, where={"species": "a"}).to_pandas()
    assert missing.value.request_id == failed.value.request_id == "from-the-client"
    assert str(failed.value) == "the server failed; see its log (request from-the-client)"
    assert "from-the-client" not in str(missing.value)


async def test_asyncio_client_tells_the_request_id(server: ServerProcess) -> None:
    metadata = {"authorization": f"Bearer {TOKEN}", "x-request-id": "from-asyncio"}
    async with synthserve.AsyncClient(server.address, metadata=metadata) as client:
        with pytest.raises(synthserve.ModelNotFound) as missing:
            await client.model("nope")
    assert missing.value.request_id == "from-asyncio"


def test_client_has_no_request_id_where_no_server_answers() -> None:
    with (
        synthserve.Client("127.0.0.1:1", retry=synthserve.RetryPolicy(start_attempts=1)) as client,
        pytest.raises(synthserve.Unavailable) as caught,
    ):
        client.models()
    assert caught.value.request_id == ""


def test_stream_under_way_is_shown(server: ServerProcess, channel: grpc.Channel) -> None:
    in_flight = "synthserve_requests_in_flight"
    assert value(server, in_flight, method=METHOD) == 0
    call = generate(channel, rows(), headers("endless"))
    next(call)
    assert value(server, in_flight, method=METHOD) == 1
    call.cancel()
    health: Any = health_pb2_grpc.HealthStub(channel)
    while value(server, in_flight, method=METHOD):
        health.Check(health_pb2.HealthCheckRequest())
    labels = {"method": METHOD, "model": "tiny-table", "code": "CANCELLED"}
    assert value(server, "synthserve_requests_total", **labels) == 1


def test_call_that_runs_out_of_time_is_told_from_one_that_is_cancelled(
    server: ServerProcess, channel: grpc.Channel
) -> None:
    stub = GenerationServiceStub(channel)
    labels = {"method": METHOD, "model": "tiny-table", "code": "DEADLINE_EXCEEDED"}
    # The server notices by itself, and takes one for cancelled whose coming it has noticed late.
    while not value(server, "synthserve_requests_total", **labels):
        with pytest.raises(grpc.RpcError) as caught:
            for _ in stub.GenerateRows(rows(), metadata=headers("late"), timeout=0.3):
                pass
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_states_of_models(server: ServerProcess) -> None:
    assert value(server, "synthserve_model_state", model="tiny-table", version="1", state="ready") == 1
    assert value(server, "synthserve_model_state", model="broken", version="3", state="failed") == 1
    assert value(server, "synthserve_build_info", device="cpu") == 1
    assert value(server, "process_resident_memory_bytes") > 10_000_000


def test_what_callers_make_up_adds_no_series(server: ServerProcess, channel: grpc.Channel) -> None:
    def ask(number: int) -> None:
        with pytest.raises(grpc.RpcError):
            list(generate(channel, rows(f"models/made-up-{number}"), headers(f"made-up-{number}")))
        for method in (f"/synthserve.v1.GenerationService/MadeUp{number}", f"/made.up.Service{number}/Method"):
            call: Any = channel.unary_unary(method)
            with pytest.raises(grpc.RpcError):
                call(b"", metadata=headers("made-up"))

    ask(0)
    before = len(samples(server))
    for number in range(1, 100):
        ask(number)
    assert len(samples(server)) == before
    assert value(server, "synthserve_requests_total", method="unknown", model="", code="UNIMPLEMENTED") == 200


def test_no_secret_is_told(server: ServerProcess, channel: grpc.Channel, collector: Collector) -> None:
    wrong = "another token that nobody may see"
    with pytest.raises(grpc.RpcError) as caught:
        list(generate(channel, rows(count=1), headers("secret", token=wrong)))
    list(generate(channel, rows(count=1), headers("secret-2")))
    collector.of_call("secret-2")
    told = "".join(
        (
            log_with(server, '"secret-2"'),
            shown(server),
            str(caught.value),
            str(collector.spans),
            str(collector.resources),
        )
    )
    for secret in (TOKEN, wrong, hashlib.sha256(TOKEN.encode()).hexdigest(), "Bearer"):
        assert secret not in told


@pytest.mark.parametrize("answers", [True, False])
def test_collector_that_is_not_there_holds_nothing_up(models: Path, tmp_path: Path, answers: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if not answers:
            silent.listen()  # It takes connections, and never says a word.
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        flags = ("--otlp-endpoint", endpoint, "--log-format", "json")
        with running_server(models, tmp_path / "log.txt", *flags) as server:
            with grpc.insecure_channel(server.address) as channel:
                assert list(generate(channel, rows(count=10), headers("alone")))
            server.process.terminate()
            assert server.process.wait(20) == 0  # The exporter would try for a minute.
    assert "stopped" in [line["event"] for line in lines(server, "stopped")]


def test_port_for_metrics_that_is_taken_is_one_clear_line(models: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = ("--model-repository", str(models), "--listen", "127.0.0.1:0", "--metrics-listen", address)
        done = subprocess.run(
            [*SERVER, *flags, "--log-format", "json"], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    (error,) = errors
    assert error.startswith(f"synthserve-server: cannot listen on {address}: the port is taken: ")
    assert error.endswith("(Address already in use); metrics were to be read there")
