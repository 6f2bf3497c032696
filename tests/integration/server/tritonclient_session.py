"""What a user of Triton's Python client does; run in its own environment, as it pins an older protobuf.

Arguments: the server's address, and a .npz file with `latent` and the rows that the server generates from it. Every
function here whose name begins with `check` is called; the first assertion that fails ends the program.
"""

import asyncio
import queue
import sys
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.utils import InferenceServerException

MODEL = "tiny-table"


def latent_input(latent: Any) -> Any:
    tensor = triton.InferInput("latent", list(latent.shape), "FP32")
    tensor.set_data_from_numpy(latent)
    return tensor


def refused(status: str, call: Any, *arguments: Any, **options: Any) -> str:
    try:
        call(*arguments, **options)
    except InferenceServerException as caught:
        error = caught
    else:
        raise AssertionError(f"{call.__name__} was not refused")
    assert error.status() == f"StatusCode.{status}", error
    return str(error.message())


def check_health(client: Any, data: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert client.is_model_ready(MODEL, "1")
    assert not client.is_model_ready("nothing")


def check_descriptions(client: Any, data: Any) -> None:
    assert client.get_server_metadata().name == "synthserve"
    metadata = client.get_model_metadata(MODEL, as_json=True)
    assert metadata["inputs"][0] == {"name": "latent", "datatype": "FP32", "shape": ["-1", "5"]}
    config = client.get_model_config(MODEL, as_json=True)["config"]
    assert config["max_batch_size"] == 4096
    assert config["backend"] == "onnxruntime"
    (condition,) = [tensor for tensor in config["input"] if tensor["name"] == "condition:species"]
    assert (condition["data_type"], condition["dims"], condition["optional"]) == ("TYPE_INT64", ["1"], True)


def check_infer(client: Any, data: Any) -> None:
    result = client.infer(MODEL, [latent_input(data["latent"])], request_id="an id")
    assert result.get_response().id == "an id"
    for name in set(data) - {"latent"}:
        np.testing.assert_array_equal(result.as_numpy(name), data[name])


def check_outputs_and_conditions(client: Any, data: Any) -> None:
    codes = np.arange(len(data["latent"]), dtype=np.int64) % 3
    condition = triton.InferInput("condition:species", list(codes.shape), "INT64")
    condition.set_data_from_numpy(codes)
    outputs = [triton.InferRequestedOutput("species")]
    result = client.infer(MODEL, [latent_input(data["latent"]), condition], outputs=outputs)
    assert [output.name for output in result.get_response().outputs] == ["species"]
    np.testing.assert_array_equal(result.as_numpy("species"), codes)


def check_typed_values(client: Any, data: Any) -> None:
    request = triton.service_pb2.ModelInferRequest(model_name=MODEL)
    tensor = request.inputs.add(name="latent", datatype="FP32", shape=data["latent"].shape)
    tensor.contents.fp32_contents.extend(data["latent"].ravel().tolist())
    response = client._client_stub.ModelInfer(request)
    assert not response.raw_output_contents
    lengths = {output.name: output.contents.fp64_contents for output in response.outputs}["length"]
    np.testing.assert_array_equal(lengths, data["length"])


def check_async_infer(client: Any, data: Any) -> None:
    answers: queue.Queue[Any] = queue.Queue()
    client.async_infer(MODEL, [latent_input(data["latent"])], lambda result, error: answers.put((result, error)))
    result, error = answers.get(timeout=60)
    assert error is None, error
    np.testing.assert_array_equal(result.as_numpy("length"), data["length"])


def check_stream(client: Any, data: Any) -> None:
    answers: queue.Queue[Any] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number in range(20):
        model = "nothing" if number == 5 else MODEL
        client.async_stream_infer(model, [latent_input(data["latent"])], request_id=str(number))
    for number in range(20):
        result, error = answers.get(timeout=60)
        if number == 5:
            assert "there is no models/nothing" in error.message()
        else:
            assert error is None, error
            assert result.get_response().id == str(number)
            np.testing.assert_array_equal(result.as_numpy("length"), data["length"])
    client.stop_stream()


def check_asyncio(client: Any, data: Any) -> None:
    async def session() -> None:
        async with triton_aio.InferenceServerClient(ADDRESS) as asynchronous:
            inputs = [latent_input(data["latent"])]
            result = await asynchronous.infer(MODEL, inputs)
            np.testing.assert_array_equal(result.as_numpy("length"), data["length"])

            async def requests() -> AsyncIterator[Any]:
                for number in range(3):
                    yield {"model_name": MODEL, "inputs": inputs, "request_id": str(number)}

            ids = []
            async for result, error in asynchronous.stream_infer(requests()):
                assert error is None, error
                ids.append(result.get_response().id)
            assert ids == ["0", "1", "2"]

    asyncio.run(session())


def check_errors(client: Any, data: Any) -> None:
    latent = data["latent"]
    assert "there is no models/nothing" in refused("NOT_FOUND", client.infer, "nothing", [latent_input(latent)])
    assert "must be FP32" in refused("INVALID_ARGUMENT", client.infer, MODEL, [half(latent)])
    assert "must be ['batch', 5]" in refused("INVALID_ARGUMENT", client.infer, MODEL, [latent_input(latent[:, :4])])
    shared = triton.InferInput("latent", list(latent.shape), "FP32")
    shared.set_shared_memory("region", latent.nbytes)
    assert "shared memory is not served" in refused("INVALID_ARGUMENT", client.infer, MODEL, [shared])
    refused("UNIMPLEMENTED", client.get_system_shared_memory_status)


def half(latent: Any) -> Any:
    tensor = triton.InferInput("latent", list(latent.shape), "FP64")
    tensor.set_data_from_numpy(latent.astype(np.float64))
    return tensor


def check_statistics(client: Any, data: Any) -> None:
    (before,) = client.get_inference_statistics(MODEL).model_stats
    client.infer(MODEL, [latent_input(data["latent"])])
    (after,) = client.get_inference_statistics(MODEL).model_stats
    assert after.inference_stats.success.count == before.inference_stats.success.count + 1
    assert after.inference_count == before.inference_count + len(data["latent"])


def check_z_repository(client: Any, data: Any) -> None:
    """Last, as it takes the model away for a while."""

    def states() -> dict[str, str]:
        return {model.name: model.state for model in client.get_model_repository_index().models}

    assert states() == {"tiny-grey": "READY", MODEL: "READY"}
    client.unload_model(MODEL)
    assert states() == {"tiny-grey": "READY"}
    assert not client.is_model_ready(MODEL)
    client.load_model(MODEL)
    assert client.is_model_ready(MODEL)
    refused("NOT_FOUND", client.load_model, "nothing")
    refused("INVALID_ARGUMENT", client.load_model, "../etc")
    assert "not served: config" in refused("INVALID_ARGUMENT", client.load_model, MODEL, config="{}")


if __name__ == "__main__":
    ADDRESS, file = sys.argv[1:]
    values = dict(np.load(file))
    with triton.InferenceServerClient(ADDRESS) as connected:
        for name, check in sorted(globals().items()):
            if name.startswith("check"):
                sys.stdout.write(f"{name}\n")
                sys.stdout.flush()
                check(connected, values)
