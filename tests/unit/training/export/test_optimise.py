"""Graphs that were made faster compute what they computed before."""

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from synthserve_training.export import optimise
from synthserve_training.export.scales import fold
from synthserve_training.export.transposed import Form, rewrite, transposed_convolutions

SIDE = 3


def graph(
    kernel: tuple[int, int],
    stride: int,
    pads: tuple[int, int, int, int],
    more: tuple[int, int] = (0, 0),
    *,
    bias: bool = False,
    scaled: bool = False,
    inputs: int = 2,
    outputs: int = 3,
) -> onnx.ModelProto:
    generator = np.random.default_rng(0)

    def constant(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(generator.standard_normal(shape).astype(np.float32), name)

    constants = [constant("weight", inputs, outputs, *kernel)]
    names = ["latent", "weight"]
    if bias:
        constants.append(constant("bias", outputs))
        names.append("bias")
    nodes = [
        helper.make_node(
            "ConvTranspose",
            names,
            ["convolved"],
            strides=[stride, stride],
            pads=pads,
            kernel_shape=kernel,
            output_padding=more,
        )
    ]
    last = "convolved"
    if scaled:
        constants += [constant("scale", 1, outputs, 1, 1), constant("shift", outputs, 1, 1)]
        nodes += [
            helper.make_node("Mul", ["scale", "convolved"], ["scaled"]),
            helper.make_node("Add", ["scaled", "shift"], ["shifted"]),
        ]
        last = "shifted"
    nodes.append(helper.make_node("Tanh", [last], ["image"]))
    latent = helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", inputs, SIDE, SIDE])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", outputs, None, None])
    made = helper.make_graph(nodes, "test", [latent], [image], constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto) -> NDArray[np.float32]:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    channels = session.get_inputs()[0].shape[1]
    noise = np.random.default_rng(1).standard_normal((2, channels, SIDE, SIDE), np.float32)
    image: NDArray[np.float32]
    (image,) = session.run(None, {"latent": noise})
    return image


@given(
    kernel=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    stride=st.integers(1, 3),
    before=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    form=st.sampled_from([Form.JOINT, Form.APART]),
    bias=st.booleans(),
)
def test_plain_convolutions_give_what_the_transposed_one_gives(
    kernel: tuple[int, int], stride: int, before: tuple[int, int], form: Form, bias: bool
) -> None:
    # The output is as many times as large as the input as the stride says: pads take away the rest, or more is added.
    rests = [size - stride - pad for size, pad in zip(kernel, before, strict=True)]
    after = tuple(max(rest, 0) for rest in rests)
    more = tuple(max(-rest, 0) for rest in rests)
    assume(max(more) < stride)
    model = graph(kernel, stride, (*before, *after), more, bias=bias)  # type: ignore[arg-type]  # two and two are four
    assert transposed_convolutions(model.graph) == ["convolved"]
    plain = rewrite(model, {"convolved": form})
    kinds = [node.op_type for node in plain.graph.node]
    assert "ConvTranspose" not in kinds
    assert kinds.count("Conv") == (stride**2 if form is Form.APART else 1)
    assert run(plain).shape == (2, 3, stride * SIDE, stride * SIDE)
    np.testing.assert_allclose(run(plain), run(model), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (1, 1, 2, 2)])
def test_other_sizes_are_left_alone(pads: tuple[int, int, int, int]) -> None:
    assert transposed_convolutions(graph((4, 4), 2, pads).graph) == []


@pytest.mark.parametrize("bias", [False, True])
def test_scale_and_shift_become_weights_and_bias(bias: bool) -> None:
    model = graph((4, 4), 2, (1, 1, 1, 1), bias=bias, scaled=True)
    folded = fold(model)
    np.testing.assert_allclose(run(folded), run(model), rtol=1e-4, atol=1e-5)
    kinds = [node.op_type for node in folded.graph.node]
    assert kinds == (["ConvTranspose", "Mul", "Add", "Tanh"] if bias else ["ConvTranspose", "Tanh"])
    assert len(model.graph.node) == 4  # the one given stays as it is


def test_weights_that_two_layers_share_are_scaled_for_each() -> None:
    model = graph((3, 3), 1, (1, 1, 1, 1), scaled=True, inputs=3)
    first, *rest = model.graph.node
    again = onnx.NodeProto()
    again.CopyFrom(first)
    again.input[0], again.output[0] = "shifted", "convolved_again"
    scale = helper.make_node("Mul", ["convolved_again", "scale"], ["scaled_again"])
    rest[-1].input[0] = "scaled_again"
    del model.graph.node[:]
    model.graph.node.extend([first, *rest[:-1], again, scale, rest[-1]])
    folded = fold(model)
    assert [node.op_type for node in folded.graph.node] == ["ConvTranspose", "ConvTranspose", "Tanh"]
    np.testing.assert_allclose(run(folded), run(model), rtol=1e-3, atol=1e-5)


def test_other_ranks_and_groups_are_left_alone() -> None:
    model = graph((4, 4), 2, (1, 1, 1, 1), scaled=True)
    for attribute in model.graph.node[0].attribute:
        if attribute.name == "kernel_shape":
            attribute.ints.append(4)
    assert transposed_convolutions(model.graph) == []
    grouped = graph((4, 4), 2, (1, 1, 1, 1), scaled=True)
    grouped.graph.node[0].attribute.append(helper.make_attribute("group", 2))
    assert transposed_convolutions(grouped.graph) == []
    assert fold(grouped).graph.node == grouped.graph.node


def test_scale_that_others_see_is_not_folded() -> None:
    model = graph((4, 4), 2, (1, 1, 1, 1), scaled=True)
    model.graph.output.append(helper.make_tensor_value_info("convolved", TensorProto.FLOAT, ["batch", 3, None, None]))
    assert [node.op_type for node in fold(model).graph.node] == ["ConvTranspose", "Mul", "Add", "Tanh"]


def test_scale_that_is_no_constant_is_not_folded() -> None:
    model = graph((4, 4), 2, (1, 1, 1, 1))
    model.graph.node.insert(1, helper.make_node("Mul", ["convolved", "convolved"], ["squared"]))
    model.graph.node[2].input[0] = "squared"
    np.testing.assert_array_equal(run(fold(model)), run(model))


@pytest.mark.parametrize(
    ("joining", "convolutions", "told"),
    [
        (0.1, 1, ["one convolution for all phases", "takes 0.50 of the time"]),
        (2.0, 4, ["a convolution for each phase", "takes 1.60 of the time"]),  # so that a GPU gives the same bits
    ],
)
def test_the_fastest_plain_form_is_taken_and_told(
    monkeypatch: pytest.MonkeyPatch, joining: float, convolutions: int, told: list[str]
) -> None:
    model = graph((5, 5), 2, (1, 1, 2, 2), scaled=True)

    def cost(model: onnx.ModelProto) -> float:
        kinds = [node.op_type for node in model.graph.node]
        plain = kinds.count("Conv")
        return kinds.count("ConvTranspose") + (0.4 + joining if plain == 1 else plain * 0.4)

    monkeypatch.setattr(optimise, "time_ratio", lambda one, other, _feeds: cost(other) / cost(one))
    best, changes = optimise.optimise(model, {})
    kinds = [node.op_type for node in best.graph.node]
    assert kinds.count("Conv") == convolutions
    assert "ConvTranspose" not in kinds
    assert changes == [
        f"transposed convolution 1: {told[0]}",
        f"{told[1]} on the processor that exported it",
    ]


def test_graph_without_transposed_convolutions_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimise, "time_ratio", lambda *_: pytest.fail("timed"))
    model = graph((4, 4), 2, (0, 0, 0, 0))
    assert optimise.optimise(model, {}) == (model, [])


def test_timing_runs_both_graphs() -> None:
    model = graph((5, 5), 2, (1, 1, 2, 2))
    feeds = {"latent": np.zeros((2, 2, SIDE, SIDE), np.float32)}
    assert 0 < optimise.time_ratio(model, model, feeds) < 1e6
