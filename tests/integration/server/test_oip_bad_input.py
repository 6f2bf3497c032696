"""Requests of the Open Inference Protocol of all kinds get a right answer, or an error that says what is wrong."""

import math
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fixtures import oip, packages
from tests.fixtures.oip import CODES, INPUTS, LATENT, MODEL, arrays, equal, failed, request
from tests.fixtures.statuses import detail, violations

from synthserve_core.compute.noise import normal
from synthserve_server.services.oip import inference_pb2

LARGEST_BATCH = 4096

Change = Callable[[inference_pb2.ModelInferRequest], object]


def changed(raw: bool, change: Change) -> inference_pb2.ModelInferRequest:
    made = request(MODEL, INPUTS, raw=raw)
    change(made)
    return made


def reshape(*shape: int) -> Change:
    def change(made: inference_pb2.ModelInferRequest) -> None:
        made.inputs[0].ClearField("shape")
        made.inputs[0].shape.extend(shape)

    return change


def give(path: str, value: Any) -> Change:
    """Sets a field; the path has names and numbers."""

    def change(made: inference_pb2.ModelInferRequest) -> None:
        *way, last = path.split(".")
        target: Any = made
        for step in way:
            target = target[int(step)] if step.isdecimal() else getattr(target, step)
        if last.isdecimal():
            target[int(last)] = value
        else:
            setattr(target, last, value)

    return change


def share(made: inference_pb2.ModelInferRequest) -> None:
    made.inputs[0].parameters["shared_memory_region"].string_param = "region"


def classify(made: inference_pb2.ModelInferRequest) -> None:
    made.outputs.add(name="species").parameters["classification"].int64_param = 2


def repeat(made: inference_pb2.ModelInferRequest) -> None:
    made.inputs[1].CopyFrom(made.inputs[0])


def flood(made: inference_pb2.ModelInferRequest) -> None:
    for _ in range(10_000):
        made.inputs.add(name="latent")
        made.outputs.add(name="species")


def not_a_number(made: inference_pb2.ModelInferRequest) -> None:
    broken = LATENT.copy()
    broken[3, 2] = np.nan
    made.raw_input_contents[0] = broken.tobytes()


LATENTS = 8 * packages.LATENT
BAD: list[tuple[bool, Change, str, str]] = [
    (True, give("model_name", "../etc/passwd"), "model_name", "must be lower-case letters"),
    (True, give("model_version", "latest"), "model_version", "must be a number from 1"),
    (True, lambda made: made.ClearField("inputs"), "inputs", "'latent' is missing"),
    (
        True,
        give("inputs.0.name", "noise"),
        "inputs[0].name",
        "'noise' is unknown; there are: latent, condition:species",
    ),
    (True, repeat, "inputs[1].name", "is given twice"),
    (True, flood, "inputs", "must be 2 at most, not 10002"),
    (True, flood, "outputs", "must be 9 at most, not 10000"),
    (True, give("inputs.0.datatype", "FP64"), "inputs[0].datatype", "must be FP32, not 'FP64'"),
    (True, give("inputs.0.datatype", "FP16"), "inputs[0].datatype", "FP16 is not converted here: send FP32"),
    (True, give("inputs.0.datatype", "BF16"), "inputs[0].datatype", "BF16 is not converted here: send FP32"),
    (True, give("inputs.0.datatype", ""), "inputs[0].datatype", "must be FP32, not ''"),
    (True, reshape(), "inputs[0].shape", "must be ['batch', 5], not [none]"),
    (True, reshape(8), "inputs[0].shape", "must be ['batch', 5], not [8]"),
    (True, reshape(8, 6), "inputs[0].shape", "must be ['batch', 5], not [8, 6]"),
    (True, reshape(8, 5, 1), "inputs[0].shape", "must be ['batch', 5], not [8, 5, 1]"),
    (True, reshape(*[1] * 100_000), "inputs[0].shape", "and 99980 more"),
    (True, reshape(0, 5), "inputs[0].shape", "the batch must be from 1 to 4096, not 0"),
    (True, reshape(-1, 5), "inputs[0].shape", "the batch must be from 1 to 4096, not -1"),
    (True, reshape(4097, 5), "inputs[0].shape", "the batch must be from 1 to 4096, not 4097"),
    (True, reshape(2**63 - 1, 5), "inputs[0].shape", "the batch must be from 1 to 4096"),
    (True, share, "inputs[0].parameters", "shared memory is not served"),
    (True, classify, "outputs[0].parameters", "classification is not served"),
    (True, lambda made: made.outputs.add(name="nope"), "outputs[0].name", "'nope' is unknown"),
    (True, lambda made: made.raw_input_contents.pop(), "raw_input_contents", "must be one for each input, not 1"),
    (
        True,
        give("raw_input_contents.0", b"x" * (4 * LATENTS - 1)),
        "raw_input_contents[0]",
        "must be 160 bytes for FP32 of the shape [8, 5], not 159",
    ),
    (True, give("raw_input_contents.1", b""), "raw_input_contents[1]", "must be 64 bytes for INT64 of the shape [8]"),
    (
        True,
        lambda made: made.inputs[0].contents.fp32_contents.append(1),
        "inputs[0].contents",
        "must be empty where there are raw_input_contents",
    ),
    (True, not_a_number, "raw_input_contents[0]", "must be finite numbers"),
    (
        True,
        give("raw_input_contents.1", np.full(8, 3).tobytes()),
        "raw_input_contents[1]",
        "must be from 0 to 2, or -1 for none, not 3",
    ),
    (
        False,
        give("inputs.1.contents.int64_contents.2", -2),
        "inputs[1].contents.int64_contents",
        "must be from 0 to 2, or -1 for none, not -2",
    ),
    (False, give("inputs.0.contents.fp32_contents.2", math.inf), "inputs[0].contents.fp32_contents", "finite"),
    (
        False,
        lambda made: made.inputs[0].contents.fp32_contents.pop(),
        "inputs[0].contents.fp32_contents",
        "must be 40 values for the shape [8, 5], not 39",
    ),
    (
        False,
        lambda made: made.inputs[0].contents.fp64_contents.append(1),
        "inputs[0].contents",
        "FP32 must be in fp32_contents, not fp64_contents",
    ),
    (
        False,
        lambda made: made.inputs[1].ClearField("contents"),
        "inputs[1].contents.int64_contents",
        "must be 8 values for the shape [8], not 0",
    ),
]


@pytest.mark.parametrize(("raw", "change", "field", "text"), BAD)
def test_what_is_wrong_is_named(inference: Any, raw: bool, change: Change, field: str, text: str) -> None:
    found = violations(failed(inference.ModelInfer, changed(raw, change)))
    assert text in found[field]


def test_one_value_for_each_sample_is_one(inference: Any) -> None:
    feeds = INPUTS | {"condition:species": np.zeros((8, 2), np.int64)}
    found = violations(failed(inference.ModelInfer, request(MODEL, feeds)))
    assert found == {"inputs[1].shape": "must be ['batch', 1], not [8, 2]"}


def test_inputs_must_have_one_batch(inference: Any) -> None:
    found = violations(failed(inference.ModelInfer, request(MODEL, {"latent": LATENT, "condition:species": CODES[:3]})))
    assert found == {"inputs": "must all have the same batch, not 3, 8"}


def test_unknown_models_and_versions(inference: Any) -> None:
    for asked in (request("nothing", INPUTS), request(MODEL, INPUTS, model_version="9")):
        error = failed(inference.ModelInfer, asked)
        assert error.code() is grpc.StatusCode.NOT_FOUND
        assert detail(error, error_details_pb2.ErrorInfo).reason == "MODEL_NOT_FOUND"


def test_a_message_over_the_limit_is_refused(inference: Any) -> None:
    asked = changed(True, give("raw_input_contents.0", b"x" * (5 << 20)))
    assert failed(inference.ModelInfer, asked).code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_largest_batch(inference: Any) -> None:
    large = normal(1, 0, LARGEST_BATCH, [packages.LATENT])
    assert len(arrays(inference.ModelInfer(request(MODEL, {"latent": large})))["length"]) == LARGEST_BATCH


@pytest.mark.parametrize("method", ["ModelInfer", "ModelStreamInfer"])
def test_bytes_that_are_no_message(server_address: str, method: str) -> None:
    with grpc.insecure_channel(server_address) as channel:
        path = f"/{oip.SERVICE.full_name}/{method}"
        if method == "ModelInfer":
            error = failed(channel.unary_unary(path), b"\xff\xff\xff")
        else:
            error = failed(lambda requests: list(channel.stream_stream(path)(requests)), iter([b"\xff\xff\xff"]))
        assert list(violations(error)) == [""]


TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from(["latent", "condition:species", "species", "FP32", "INT64", "1"])
)
SHAPES = st.lists(st.one_of(st.integers(-2, 9), st.sampled_from([2**62, -(2**63)])), max_size=4)


@st.composite
def mutated(draw: st.DrawFn) -> inference_pb2.ModelInferRequest:
    batch = draw(st.integers(1, 8))
    made = request(MODEL, {name: array[:batch] for name, array in INPUTS.items()}, raw=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        tensor = draw(st.sampled_from(list(made.inputs))) if made.inputs else made.inputs.add()
        match draw(st.integers(0, 12)):
            case 0:
                made.model_name = draw(TEXTS)
            case 1:
                made.model_version = draw(TEXTS)
            case 2:
                tensor.name = draw(TEXTS)
            case 3:
                tensor.datatype = draw(st.one_of(TEXTS, st.sampled_from([*oip.DTYPES, "FP16", "BYTES"])))
            case 4:
                tensor.ClearField("shape")
                tensor.shape.extend(draw(SHAPES))
            case 5 if made.raw_input_contents:
                place = draw(st.integers(0, len(made.raw_input_contents) - 1))
                made.raw_input_contents[place] = draw(st.binary(max_size=200))
            case 6 if made.raw_input_contents:
                place = draw(st.integers(0, len(made.raw_input_contents) - 1))
                length = len(made.raw_input_contents[place])
                made.raw_input_contents[place] = draw(st.binary(min_size=length, max_size=length))
            case 7:
                tensor.contents.fp32_contents.extend(draw(st.lists(st.floats(width=32), max_size=3)))
            case 8:
                values = tensor.contents.int64_contents
                values.extend(draw(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3)))
            case 9:
                made.outputs.add(name=draw(TEXTS))
            case 10:
                made.inputs.remove(tensor)
            case 11:
                made.inputs.add().CopyFrom(tensor)
            case _:
                made.raw_input_contents.append(draw(st.binary(max_size=40)))
    return made


@settings(max_examples=150)
@given(asked=mutated())
def test_any_request_is_answered_rightly_or_refused_with_a_reason(
    inference: Any, table_graph: Any, asked: inference_pb2.ModelInferRequest
) -> None:
    try:
        response = inference.ModelInfer(asked)
    except grpc.RpcError as caught:
        error: Any = caught
        assert error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}, error
        detail(error, error_details_pb2.ErrorInfo)
        return
    as_sent = inference_pb2.ModelInferResponse(raw_output_contents=asked.raw_input_contents)
    for tensor in asked.inputs:
        as_sent.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        if not asked.raw_input_contents:
            as_sent.outputs[-1].contents.CopyFrom(tensor.contents)
    feeds = arrays(as_sent)
    feeds["condition:species"] = feeds.get("condition:species", np.full(len(feeds["latent"]), -1)).reshape(-1)
    expected = table_graph(feeds)
    equal(arrays(response), {output.name: expected[output.name] for output in asked.outputs} or expected)


@settings(max_examples=150)
@given(data=st.data())
def test_any_bytes_are_refused_with_a_reason_or_answered(server_address: str, data: st.DataObject) -> None:
    sent = bytearray(request(MODEL, {"latent": LATENT[:2]}, raw=data.draw(st.booleans())).SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    with grpc.insecure_channel(server_address) as channel:
        call: Any = channel.unary_unary(
            f"/{oip.SERVICE.full_name}/ModelInfer",
            response_deserializer=inference_pb2.ModelInferResponse.FromString,
        )
        try:
            assert arrays(call(bytes(sent)))
        except grpc.RpcError as caught:
            error: Any = caught
            assert error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}, error
            detail(error, error_details_pb2.ErrorInfo)
