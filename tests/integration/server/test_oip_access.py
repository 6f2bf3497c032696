"""Who may do what by the Open Inference Protocol, and how much of it. The server runs in this process."""

import asyncio
import gc
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc import aio
from prometheus_client.parser import text_string_to_metric_families
from tests.fixtures.oip import arrays, pixels, request
from tests.fixtures.processes import held_address
from tests.fixtures.statuses import detail, violations

from synthserve_server.services.oip import inference_pb2

Start = Callable[..., Any]

TOKENS = {"operations": "a token that nobody guesses", "reporting": "another one"}


async def test_a_request_may_ask_for_no_more_than_a_call(start_inference: Start) -> None:
    _, stub = await start_inference(max_count=10)
    config = (await stub.ModelConfig(inference_pb2.ModelConfigRequest(name="pixels"))).config
    assert config.max_batch_size == 10
    assert len(arrays(await stub.ModelInfer(pixels(10)))["image"]) == 10
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ModelInfer(pixels(11))
    assert violations(caught.value) == {"inputs[0].shape": "the batch must be from 1 to 10, not 11"}


async def test_limits_of_callers_hold_here_too(start_inference: Start) -> None:
    _, stub = await start_inference(max_streams_per_caller=1)
    call = stub.ModelStreamInfer()
    await call.write(pixels())
    await call.read()
    for refused in (stub.ModelInfer(pixels()), stub.ModelStreamInfer().read()):
        with pytest.raises(aio.AioRpcError) as caught:
            await refused
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        info = detail(caught.value, error_details_pb2.ErrorInfo)
        assert (info.reason, info.metadata["limit"]) == ("LIMIT_EXCEEDED", "max_streams_per_caller")
    assert (await stub.ModelReady(inference_pb2.ModelReadyRequest(name="pixels"))).ready
    await call.done_writing()
    assert await call.read() is aio.EOF
    assert (await stub.ModelInfer(pixels())).outputs


async def test_who_is_over_its_rate_is_refused_or_slowed_down(start_inference: Start) -> None:
    _, stub = await start_inference(images_per_second_per_caller=0.01)
    assert (await stub.ModelInfer(pixels())).outputs
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ModelInfer(pixels())
    assert detail(caught.value, error_details_pb2.ErrorInfo).metadata["limit"] == "images_per_second_per_caller"
    assert (await stub.ModelInfer(request("picky", {"latent": np.zeros((4, 1), np.float32)}))).outputs  # rows
    call = stub.ModelStreamInfer()
    await call.write(pixels())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call.read(), 0.3)


async def test_what_is_run_is_counted(start_inference: Start) -> None:
    with held_address() as address:
        _, stub = await start_inference(metrics_listen=address)
    await stub.ModelInfer(pixels(3))
    asked = request("picky", {"latent": np.zeros((2, 1), np.float32)})

    async def two() -> AsyncIterator[Any]:
        yield asked
        yield asked

    assert len([answer async for answer in stub.ModelStreamInfer(two())]) == 2
    with pytest.raises(aio.AioRpcError):
        await stub.ModelInfer(request("made-up", {"latent": np.zeros((2, 1), np.float32)}))

    async def values() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://{address}/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}

    def value(name: str, **labels: str) -> float | None:
        return found.get((f"synthserve_{name}", frozenset(labels.items())))

    method = "inference.GRPCInferenceService/ModelInfer"
    found = await values()
    while value("requests_total", method=method, model="unknown", code="NOT_FOUND") != 1:
        found = await values()
    assert value("requests_total", method=method, model="pixels", code="OK") == 1
    assert value("samples_total", model="pixels", version="1") == 3
    assert value("samples_total", model="picky", version="1") == 4
    assert value("graph_seconds_count", model="picky") == 2


async def test_administrators_load_and_unload(start_inference: Start) -> None:
    _, stub = await start_inference(local_admin=True)
    call = stub.ModelStreamInfer()
    await call.write(pixels())
    assert not (await call.read()).error_message
    # Comes to its end only because a stream that stays open holds no model between its requests.
    await stub.RepositoryModelUnload(inference_pb2.RepositoryModelUnloadRequest(model_name="pixels"))
    assert not (await stub.ModelReady(inference_pb2.ModelReadyRequest(name="pixels"))).ready
    await call.write(pixels())
    assert "there is no models/pixels" in (await call.read()).error_message
    await stub.RepositoryModelLoad(inference_pb2.RepositoryModelLoadRequest(model_name="pixels"))
    await call.write(pixels())
    assert not (await call.read()).error_message
    call.cancel()


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only what nobody refers to is freed, as on a server with little to do."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_a_call_that_failed_holds_no_model(start_inference: Start) -> None:
    _, stub = await start_inference(local_admin=True)
    asked = pixels()
    asked.inputs[0].datatype = "FP16"
    with pytest.raises(aio.AioRpcError):
        await stub.ModelInfer(asked)
    with pytest.raises(aio.AioRpcError):
        await stub.ModelInfer(request("picky", {"latent": np.full((1, 1), 7, np.float32)}))
    for name in ("pixels", "picky"):
        await stub.RepositoryModelUnload(inference_pb2.RepositoryModelUnloadRequest(model_name=name))


async def test_loading_asks_for_what_can_be_loaded(start_inference: Start) -> None:
    _, stub = await start_inference(local_admin=True)
    for fields, field in (
        ({"model_name": "../pixels"}, "model_name"),
        ({"model_name": "pixels", "repository_name": "other"}, "repository_name"),
        ({"model_name": "pixels", "parameters": {"config": {"string_param": "{}"}}}, "parameters"),
    ):
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.RepositoryModelLoad(inference_pb2.RepositoryModelLoadRequest(**fields))
        assert list(violations(caught.value)) == [field]
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.RepositoryModelLoad(inference_pb2.RepositoryModelLoadRequest(model_name="nothing"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


async def test_the_index_tells_why_a_model_is_not_ready(start_inference: Start, inference_models: Path) -> None:
    (inference_models / "picky" / "1" / "model.onnx").write_bytes(b"broken")
    _, stub = await start_inference()
    models = (await stub.RepositoryIndex(inference_pb2.RepositoryIndexRequest())).models
    states = {model.name: model for model in models}
    assert states["pixels"].state == "READY"
    assert states["picky"].state == "UNAVAILABLE"
    assert "SHA-256" in states["picky"].reason
    models = (await stub.RepositoryIndex(inference_pb2.RepositoryIndexRequest(ready=True))).models
    assert [model.name for model in models] == ["pixels"]
    for call in (
        stub.ModelMetadata(inference_pb2.ModelMetadataRequest(name="picky")),
        stub.ModelInfer(request("picky", {"latent": np.zeros((1, 1), np.float32)})),
    ):
        with pytest.raises(aio.AioRpcError) as caught:
            await call
        assert detail(caught.value, error_details_pb2.ErrorInfo).reason == "MODEL_FAILED"


async def test_without_its_token_nothing_is_open(start_inference: Start, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    digests = {name: hashlib.sha256(token.encode()).hexdigest() for name, token in TOKENS.items()}
    file.write_text(f"operations {digests['operations']} admin\nreporting {digests['reporting']}\n")
    _, stub = await start_inference(token_file=file)

    def bearer(name: str) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {TOKENS[name]}"),)

    stream = stub.ModelStreamInfer()
    for call in (
        stub.ServerLive(inference_pb2.ServerLiveRequest()),
        stub.ModelReady(inference_pb2.ModelReadyRequest(name="pixels")),
        stub.ModelInfer(pixels()),
        stub.RepositoryModelUnload(inference_pb2.RepositoryModelUnloadRequest(model_name="pixels")),
        stream.read(),
    ):
        with pytest.raises(aio.AioRpcError) as caught:
            await call
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert len((await stub.ModelInfer(pixels(), metadata=bearer("reporting"))).outputs) == 1
    unload = inference_pb2.RepositoryModelUnloadRequest(model_name="pixels")
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.RepositoryModelUnload(unload, metadata=bearer("reporting"))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    await stub.RepositoryModelUnload(unload, metadata=bearer("operations"))


async def test_the_protocol_can_be_switched_off(start_inference: Start) -> None:
    _, stub = await start_inference(oip=False)
    with pytest.raises(aio.AioRpcError) as caught:
        await stub.ServerLive(inference_pb2.ServerLiveRequest())
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
