import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from synthserve_training.export.padding import evenly_padded


def convolution(kernel: tuple[int, int], strides: tuple[int, int], pads: list[int]) -> onnx.ModelProto:
    weight = np.random.default_rng(0).normal(size=(3, 2, *kernel)).astype(np.float32)
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], kernel_shape=kernel, strides=strides, pads=pads)
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", floats, ["n", 3, 5, 6])],
        [helper.make_tensor_value_info("y", floats, ["n", 2, "height", "width"])],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    samples = np.random.default_rng(1).normal(size=(2, 3, 5, 6)).astype(np.float32)
    (values,) = session.run(None, {"x": samples})
    return np.asarray(values)


@given(
    kernel=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pads=st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
def test_values_are_the_same_bits(kernel: tuple[int, int], strides: tuple[int, int], pads: list[int]) -> None:
    model = convolution(kernel, strides, pads)
    changed = evenly_padded(model)
    onnx.checker.check_model(changed, full_check=True)
    np.testing.assert_array_equal(run(changed), run(model))
    assert all(len(set(a.ints)) == 1 for node in changed.graph.node for a in node.attribute if a.name == "pads")


@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [2, 2, 2, 2]])
def test_even_padding_stays(pads: list[int]) -> None:
    model = convolution((4, 4), (2, 2), pads)
    assert evenly_padded(model) == model
