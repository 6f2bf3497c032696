from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from synthserve_training.export import packets
from synthserve_training.export.packets import packet

WIDTH = 32


def model(function: str, width: int = WIDTH, **attributes: Any) -> onnx.ModelProto:
    """A dense layer, a function of it, and rounding."""
    weight = np.random.default_rng(0).standard_normal((5, width)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["latent", "weight"], ["dense"]),
        helper.make_node(function, ["dense"], ["active"], **attributes),
        helper.make_node("Round", ["active"], ["rounded"]),
        helper.make_node("Cast", ["rounded"], ["image"], to=TensorProto.UINT8),
    ]
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("latent", TensorProto.FLOAT, ["batch", 5])],
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", width])],
        [numpy_helper.from_array(weight, "weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def feeds(count: int = 16) -> dict[str, NDArray[Any]]:
    return {"latent": np.random.default_rng(1).standard_normal((count, 5), np.float32)}


@pytest.mark.parametrize("function", ["Relu", "LeakyRelu", "Tanh", "Sigmoid"])
def test_samples_can_be_computed_one_by_one_where_nothing_is_left_over(function: str) -> None:
    assert packet(model(function), feeds()) == 1


@pytest.mark.parametrize(("function", "width"), [("Tanh", 20), ("Softplus", 32), ("Erf", 32), ("Sin", 32)])
def test_others_are_computed_in_fours(function: str, width: int) -> None:
    assert packet(model(function, width), feeds()) == 4


def test_function_that_is_exact_needs_no_full_registers() -> None:
    assert packet(model("Relu", 5), feeds()) == 1


def test_what_is_measured_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    # Taken for exact, Softplus of 7 values a sample is caught in what goes into the rounding.
    monkeypatch.setattr(packets, "_EXACT", packets._EXACT | {"Softplus"})
    assert packet(model("Softplus", 7), feeds(61)) == 4
