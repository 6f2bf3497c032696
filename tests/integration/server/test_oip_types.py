"""The Open Inference Protocol with inputs and outputs of every type."""

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tests.fixtures import every_type, packages
from tests.fixtures.oip import DTYPES, FIELDS, Stub, failed, request
from tests.fixtures.packages import write_package_2
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import violations

from synthserve_core.compute import noise
from synthserve_core.contract.model import Validity
from synthserve_server.services.oip import inference_pb2

SEED, START, COUNT = 7, 40, 12

NOISE: dict[str, NDArray[Any]] = {
    "dice": noise.uniform(SEED, START, COUNT, every_type.UNIFORM_SHAPE, 0),
    "bell": noise.normal(SEED, START, COUNT, every_type.NORMAL_SHAPE, 1),
    "number": np.arange(START, START + COUNT),
    "more dice": noise.uniform(SEED, START, COUNT, every_type.OTHER_SHAPE, 2),
}
"""The inputs that are required, as the server itself would draw them."""

CITIES = np.random.default_rng(1).random((COUNT, 5)) < 0.3
CITIES[:, 2] |= ~CITIES.any(axis=1)
SETTINGS: dict[str, NDArray[Any]] = {
    "level": np.arange(COUNT) % 4 - 1,
    "city": CITIES,
    "grade": np.array([[False, True, False, False, True]]),
    "open": np.array([[True, False]]),
    "ratio": np.array([[-1.0, 1.0]]),
    "price": np.array([[np.nan, np.nan], [1.0, 2.0], [-np.inf, np.inf]] * 4),
    "visits": np.array([[np.nan, np.nan]]),
    "born": np.array([[-5.0, 5.0]]),
    "left": np.array([[0.0, 0.0], [-np.inf, np.inf]] * 6),
    "seen": np.tile([[0.0, 86_399_999_999.0]], (COUNT, 1)),
}


def _inputs(settings: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return NOISE | {f"{name}?": array for name, array in settings.items()}


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("models")
    write_package_2(root, every_type.NAME, every_type.every_type_graph(), every_type.MANIFEST)
    write_package_2(root, "broken-text", *_broken_text())
    with (
        running_server(root, tmp_path_factory.mktemp("log") / "log.txt", "--workers", "2") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield Stub(channel)


def _broken_text() -> tuple[bytes, dict[str, Any]]:
    """A graph that gives its input as text, which need not be any."""
    nodes = [
        helper.make_node("Mul", ["z", "scale"], ["scaled"]),
        helper.make_node("Floor", ["scaled"], ["floored"]),
        helper.make_node("Cast", ["floored"], ["text"], to=TensorProto.UINT8),
    ]
    noise_input = {"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": [3]}
    return packages.graph(nodes, [("z", "float32", [3])], [("text", "uint8", [3])], {"scale": np.float32(128)}), {
        "table": {"columns": [{"name": "text", "type": "COLUMN_TYPE_STRING", "max_bytes": 3}]},
        "methods": [
            {
                "method": "METHOD_GENERATE",
                "batch_size": 8,
                "inputs": [{"name": "z", "noise": noise_input}],
                "outputs": [{"name": "text", "column": "text"}],
            }
        ],
    }


def _texts(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _outputs(response: inference_pb2.ModelInferResponse) -> dict[str, Any]:
    """Arrays, or lists of texts."""
    found: dict[str, Any] = {}
    for place, output in enumerate(response.outputs):
        raw = response.raw_output_contents[place] if response.raw_output_contents else None
        if output.datatype == "BYTES":
            assert list(output.shape) == [COUNT]
            found[output.name] = _texts(raw) if raw is not None else list(output.contents.bytes_contents)
            continue
        dtype = np.dtype(DTYPES[output.datatype])
        flat = (
            np.frombuffer(raw, dtype)
            if raw is not None
            else np.array(getattr(output.contents, FIELDS[output.datatype]), dtype)
        )
        found[output.name] = flat.reshape(output.shape)
    return found


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("settings", [{}, SETTINGS, {"grade": SETTINGS["grade"], "left": SETTINGS["left"]}])
def test_every_type_raw_and_typed(stub: Any, raw: bool, settings: dict[str, NDArray[Any]]) -> None:
    response = stub.ModelInfer(request(every_type.NAME, _inputs(settings), raw=raw))
    found = _outputs(response)
    expected = every_type.expected(SEED, START, COUNT, settings)
    assert set(found) == {name for name, _, _ in every_type.OUTPUTS}
    for key, array in expected.items():
        name = f"has {key.column}" if isinstance(key, Validity) else f"the {key}"
        if name in ("the note", "the remark"):
            valid = expected.get(Validity(str(key)), np.ones(COUNT, np.bool_))
            texts = [row.tobytes().split(b"\0")[0] for row in array]
            assert found[name] == [text if there else b"" for text, there in zip(texts, valid, strict=True)]
        else:
            assert found[name].dtype == array.dtype
            np.testing.assert_array_equal(found[name], array)
    assert not expected[Validity("remark")].all()


def test_one_output_of_text(stub: Any) -> None:
    asked = request(every_type.NAME, NOISE)
    asked.outputs.add(name="the remark")
    (output,) = stub.ModelInfer(asked).outputs
    assert (output.name, output.datatype, list(output.shape)) == ("the remark", "BYTES", [COUNT])


def test_what_is_described(stub: Any) -> None:
    metadata = stub.ModelMetadata(inference_pb2.ModelMetadataRequest(name=every_type.NAME))
    inputs = {one.name: (one.datatype, list(one.shape)) for one in metadata.inputs}
    assert inputs == {
        "dice": ("FP32", [-1, 3, 4]),
        "bell": ("FP32", [-1, 2]),
        "number": ("INT64", [-1, 1]),
        "more dice": ("FP32", [-1, 2]),
        "level?": ("INT64", [-1, 1]),
        "city?": ("BOOL", [-1, 5]),
        "grade?": ("BOOL", [1, 5]),
        "open?": ("BOOL", [1, 2]),
        **{f"{one.column}?": ("FP64", [1 if one.shared else -1, 2]) for one in every_type.RANGES},
    }
    outputs = {one.name: (one.datatype, list(one.shape)) for one in metadata.outputs}
    assert (outputs["the note"], outputs["the city"]) == (("BYTES", [-1]), ("INT32", [-1]))
    config = stub.ModelConfig(inference_pb2.ModelConfigRequest(name=every_type.NAME)).config
    assert {one.name for one in config.input if not one.optional} == set(NOISE)
    types = {one.name: one.data_type for one in config.output}
    assert types["the note"] == inference_pb2.TYPE_STRING


@pytest.mark.parametrize(
    ("changed", "field", "message"),
    [
        *(({name: None}, "inputs", f"{name!r} is missing") for name in NOISE),
        ({"grade?": np.ones((COUNT, 5), np.bool_)}, "inputs[4].shape", "the first dimension must be 1, not 12"),
        ({"city?": np.ones((COUNT, 4), np.bool_)}, "inputs[4].shape", "must be ['batch', 5], not [12, 4]"),
        ({"city?": np.ones((2, 5), np.bool_)}, "inputs", "must all have the same batch, not 2, 12"),
        ({"city?": np.ones((COUNT, 5), np.uint8)}, "inputs[4].datatype", "must be BOOL, not 'UINT8'"),
        (
            {"city?": np.zeros((COUNT, 5), np.bool_)},
            "raw_input_contents[4]",
            "must allow at least one value of each sample",
        ),
        (
            {"grade?": np.zeros((1, 5), np.bool_)},
            "raw_input_contents[4]",
            "must allow at least one value of each sample",
        ),
        (
            {"ratio?": np.array([[2.0, 1.0]])},
            "raw_input_contents[4]",
            "must hold a lowest value that is not above the highest",
        ),
        (
            {"ratio?": np.array([[np.nan, 1.0]])},
            "raw_input_contents[4]",
            "must hold a lowest value that is not above the highest",
        ),
        ({"level?": np.full(COUNT, 3)}, "raw_input_contents[4]", "must be from 0 to 2, or -1 for none, not 3"),
        ({"level?": np.full(COUNT, -2)}, "raw_input_contents[4]", "must be from 0 to 2, or -1 for none, not -2"),
        ({"bell": np.full((COUNT, 2), np.nan, np.float32)}, "raw_input_contents[1]", "must be finite numbers"),
        ({"where": np.ones(COUNT, np.bool_)}, "inputs[4].name", "'where' is unknown; there are: dice, bell, number"),
    ],
)
def test_refuses(stub: Any, changed: dict[str, NDArray[Any] | None], field: str, message: str) -> None:
    inputs = {name: array for name, array in (NOISE | changed).items() if array is not None}
    found = violations(failed(stub.ModelInfer, request(every_type.NAME, inputs)))
    assert list(found) == [field]
    assert found[field].startswith(message)


@pytest.mark.parametrize("raw", [True, False])
def test_text_that_is_none_is_an_error_of_the_graph(stub: Any, raw: bool) -> None:
    good = np.array([[0.75, 0.5, 0.0]] * 2, np.float32)
    (output,) = stub.ModelInfer(request("broken-text", {"z": good}, raw=False)).outputs
    assert list(output.contents.bytes_contents) == [b"`@", b"`@"]
    bad = np.array([[0.75, 0.5, 0.0], [1.75, 0.5, 0.0]], np.float32)
    error = failed(stub.ModelInfer, request("broken-text", {"z": bad}, raw=raw))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert list(stub.ModelInfer(request("broken-text", {"z": good})).outputs)
