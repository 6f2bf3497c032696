"""Methods of a manifest: every check of graphs, inputs and outputs with its message."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.fixtures import every_type
from tests.fixtures.packages import format_2

from synthserve_core.contract import manifest as manifests
from synthserve_core.contract.model import Distribution, Model, Noise
from synthserve_core.errors import ManifestError

Change = Callable[[dict[str, Any]], Any]

UNIFORM = "NOISE_DISTRIBUTION_UNIFORM"


def _described(change: Change) -> Model:
    content = format_2(every_type.MANIFEST, b"")
    change(content["methods"][0])
    return _read(content)


def _read(content: dict[str, Any]) -> Model:
    return manifests.describe(manifests.parse(json.dumps(content).encode()), "m", 1)


def _method(**fields: Any) -> Change:
    return lambda method: method.update(fields)


def _input(place: int, **fields: Any) -> Change:
    """Replaces an input; of every type: 0 dice, 1 bell, 2 number, 3 more dice, then conditions."""

    def change(method: dict[str, Any]) -> None:
        method["inputs"][place] = {"name": method["inputs"][place]["name"], **fields}

    return change


def _output(name: str, /, **fields: Any) -> Change:
    def change(method: dict[str, Any]) -> None:
        place = [output["name"] for output in method["outputs"]].index(name)
        method["outputs"][place] = {"name": name, **fields}

    return change


def _noise(**fields: Any) -> Change:
    return _input(0, noise={"distribution": UNIFORM, **fields})


NAMES = "the file of the method generate must be the plain name of a file in the package, not "
DIGEST = "the sha256 of the method generate must be 64 lower-case hexadecimal digits"

REFUSALS: list[tuple[Change, str]] = [
    (_method(method=0), "a method is not known to this server"),
    (_method(method=17), "a method is not known to this server"),
    (_method(method="METHOD_SCORE"), "no input of the method score takes data"),
    *(
        (_method(file=file), f"{NAMES}{file!r}")
        for file in ("", ".", "..", "/etc/passwd", "../x", "a\\b", "c:x", "a\0")
    ),
    *((_method(sha256=digest), DIGEST) for digest in ("", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n")),
    *(
        (_method(batch_size=size), "the batch_size of the method generate must be at least 1 and at most 1,048,576")
        for size in (0, -1, 2**20 + 1)
    ),
    *(
        (_method(packet=size), "the packet of the method generate must be at least 1 and at most 1,048,576, or 0 for")
        for size in (-1, 2**20 + 1)
    ),
    (
        _method(inputs=[{"name": str(i)} for i in range(16_385)]),
        "the method generate has 16,385 inputs; allowed are 16,384",
    ),
    (
        _method(outputs=[{"name": str(i)} for i in range(16_385)]),
        "the method generate has 16,385 outputs; allowed are 16,384",
    ),
    (
        lambda method: method["inputs"].append(method["inputs"][0]),
        "the inputs of the method generate hold 'dice' twice",
    ),
    (
        lambda method: method["outputs"].append(method["outputs"][0]),
        "the outputs of the method generate hold 'has bought' twice",
    ),
    (lambda method: method["inputs"][0].update(name=""), "one of the inputs of the method generate has no name"),
    (lambda method: method["outputs"][0].update(name=""), "one of the outputs of the method generate has no name"),
    (_input(0), "the input 'dice' declares no role"),
    (
        _input(0, data={"column": "id"}),
        "the input 'dice' of the method generate takes data; only score and transform do",
    ),
    (_input(3, index={}), "two inputs of the method generate have the same role; the second is 'more dice'"),
    (
        _input(4, condition={"column": "city"}),
        "two inputs of the method generate have the same role; the second is 'city?'",
    ),
    (_input(4, condition={"column": "price "}), "the input 'level?' takes the unknown condition 'price '"),
    (_input(4, condition={}), "the input 'level?' takes the unknown condition ''"),
    (_input(4, noise={"distribution": UNIFORM}), "no input of the method generate takes the condition 'level'"),
    (_method(inputs=[]), "the method generate has neither noise nor an index to make samples of"),
    (
        lambda method: method.update(inputs=method["inputs"][4:]),
        "the method generate has neither noise nor an index to make samples of",
    ),
    (_input(0, noise={}), "the noise of the input 'dice' has no distribution that this server knows"),
    (_noise(distribution=8), "the noise of the input 'dice' has no distribution that this server knows"),
    (_noise(shape=[3, 0]), "the shape of the noise of the input 'dice' must hold sizes of at least 1"),
    (_noise(shape=[-1]), "the shape of the noise of the input 'dice' must hold sizes of at least 1"),
    *(
        (
            _noise(shape=shape),
            "the shape of the noise of the input 'dice' must hold at most 8 sizes and 268,435,456 values",
        )
        for shape in ([1] * 9, [10**6, 10**6], [2**31 - 1] * 8)
    ),
    (
        _noise(shape=[2**28]),
        "the inputs of the method generate have 1,073,741,",
    ),
    (
        lambda method: (method.update(packet=2**20, batch_size=2**20), _noise(shape=[1000])(method)),
        "the inputs of the method generate have 1,0",
    ),
    (_output("the id"), "the tensor 'the id' has no content that this server knows"),
    (_output("the id", column="ids"), "the tensor 'the id' is the column 'ids', which the model does not have"),
    (_output("the id", image={}), "the tensor 'the id' is the image, which the model does not have"),
    (
        _output("the id", validity="id"),
        "the tensor 'the id' is the validity of 'id', which the model does not have",
    ),
    (_output("the id", score={}), "the output 'the id' of the method generate is a score"),
    (_output("the id", column="city"), "two outputs of the method generate have the same content"),
    (
        lambda method: method.update(outputs=[one for one in method["outputs"] if one["name"] != "the id"]),
        "no output of the method generate is the column 'id'",
    ),
    (
        lambda method: method.update(outputs=[one for one in method["outputs"] if one["name"] != "has price"]),
        "no output of the method generate is the validity of 'price'",
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
def test_refuses_a_graph(change: Change, message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _described(change)
    assert str(caught.value).startswith(message)


def _with(method: str, inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    content = format_2(every_type.MANIFEST, b"")
    content["methods"].append({**content["methods"][0], "method": method, "inputs": inputs, "outputs": outputs})
    return content


ID = {"name": "id", "data": {"column": "id"}}
ALL = {"name": "all", "score": {}}
OUTPUTS = every_type.MANIFEST["methods"][0]["outputs"]


@pytest.mark.parametrize(
    ("method", "inputs", "outputs", "message"),
    [
        ("METHOD_GENERATE", [ID], [ALL], "the method generate is declared twice"),
        ("METHOD_SCORE", [], [ALL], "no input of the method score takes data"),
        ("METHOD_TRANSFORM", [{"name": "i", "index": {}}], OUTPUTS, "no input of the method transform takes data"),
        (
            "METHOD_SCORE",
            [{"name": "id", "data": {"column": "x"}}],
            [ALL],
            "the tensor 'id' is the column 'x', which the model does not have",
        ),
        ("METHOD_SCORE", [{"name": "id", "data": {}}], [ALL], "the tensor 'id' has no content that this server knows"),
        (
            "METHOD_SCORE",
            [ID, {"name": "again", "data": {"column": "id"}}],
            [ALL],
            "two inputs of the method score have the same role; the second is 'again'",
        ),
        (
            "METHOD_SCORE",
            [ID],
            [{"name": "c", "score": {"column": "city"}}],
            "the method score has no output for the whole sample",
        ),
        ("METHOD_SCORE", [ID], [], "the method score has no output for the whole sample"),
        (
            "METHOD_SCORE",
            [ID],
            [ALL, {"name": "c", "score": {"column": "x"}}],
            "the output 'c' is the score of 'x', which is no column",
        ),
        (
            "METHOD_SCORE",
            [ID],
            [ALL, {"name": "too", "score": {}}],
            "two outputs of the method score have the same content",
        ),
        ("METHOD_SCORE", [ID], OUTPUTS, "the output 'has bought' of the method score is no score"),
        ("METHOD_TRANSFORM", [ID], [ALL], "the output 'all' of the method transform is a score"),
        ("METHOD_TRANSFORM", [ID], OUTPUTS[1:], "no output of the method transform is the validity of 'bought'"),
    ],
)
def test_refuses_score_and_transform(method: str, inputs: list[Any], outputs: list[Any], message: str) -> None:
    with pytest.raises(ManifestError) as caught:
        _read(_with(method, inputs, outputs))
    assert str(caught.value) == message


def test_a_model_must_generate() -> None:
    content = format_2(every_type.MANIFEST, b"")
    content["methods"] = []
    with pytest.raises(ManifestError, match="the manifest has no method METHOD_GENERATE"):
        _read(content)


def test_a_condition_that_only_transform_takes_is_refused() -> None:
    content = _with("METHOD_TRANSFORM", [ID, {"name": "level", "condition": {"column": "level"}}], OUTPUTS)
    content["methods"][0]["inputs"].pop(4)
    with pytest.raises(ManifestError, match="no input of the method generate takes the condition 'level'"):
        _read(content)


def test_noise_is_counted_in_each_method() -> None:
    noise = {"distribution": UNIFORM, "shape": [3]}
    inputs = [ID, {"name": "a", "noise": noise}, {"name": "b", "noise": noise}]
    model = _read(_with("METHOD_TRANSFORM", inputs, OUTPUTS))
    (transform,) = [method for kind, method in model.methods.items() if kind.value == "transform"]
    assert [transform.inputs[name] for name in "ab"] == [
        Noise(Distribution.UNIFORM, (3,), stream=0),
        Noise(Distribution.UNIFORM, (3,), stream=1),
    ]


@pytest.mark.parametrize(("packet", "runs_with"), [(0, 4), (1, 1), (64, 64)])
def test_a_packet_has_a_default(packet: int, runs_with: int) -> None:
    assert _described(_method(packet=packet)).generate.packet == runs_with
