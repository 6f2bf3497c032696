"""What a graph may hold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.fixtures import packages

from synthserve_core.errors import GraphError
from synthserve_core.packages import graph_policy

node = helper.make_node
EXPORTED = sorted((Path(__file__).parents[3] / "exported").glob("*/*/model.onnx"))


def model(change: Callable[[Any], Any]) -> bytes:
    made = onnx.ModelProto.FromString(packages.table_graph())
    change(made)
    return made.SerializeToString()


def external(name: str = "w") -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), name)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return tensor


def inside(*nodes: Any, tensors: Any = ()) -> Any:
    """A node with a graph that holds the nodes and tensors, in a graph of another node."""
    body = helper.make_graph(list(nodes), "body", [], [], list(tensors))
    inner = node("If", ["go_on"], ["y"], then_branch=body, else_branch=body)
    return node("Loop", ["n", "go_on"], ["z"], body=helper.make_graph([inner], "outer", [], []))


def own_function(made: Any) -> None:
    opset = [helper.make_opsetid("", 20)]
    made.functions.append(
        helper.make_function("com.microsoft", "Gelu", ["x"], ["y"], [node("Identity", ["x"], ["y"])], opset)
    )


def sparse() -> Any:
    return helper.make_sparse_tensor(external("values"), numpy_helper.from_array(np.zeros(3, np.int64)), [3])


def with_node(*arguments: Any, **attributes: Any) -> Callable[[Any], Any]:
    return lambda made: made.graph.node.append(node(*arguments, **attributes))


def with_inside(*nodes: Any, tensors: Any = ()) -> Callable[[Any], Any]:
    return lambda made: made.graph.node.append(inside(*nodes, tensors=tensors))


def with_opset(domain: str, version: int) -> Callable[[Any], Any]:
    return lambda made: made.opset_import.append(helper.make_opsetid(domain, version))


REFUSED: list[tuple[str, Callable[[Any], Any]]] = [
    ("'FusedConv' of the domain 'com.microsoft'", with_node("FusedConv", [], [], domain="com.microsoft")),
    ("'Evil' of the domain 'own'", with_node("Evil", [], [], domain="own")),
    ("'Evil' of the domain 'own'", with_inside(node("Evil", [], [], domain="own"))),
    ("'Momentum' of the domain 'ai.onnx.preview", with_node("Momentum", [], [], domain="ai.onnx.preview.training")),
    ("draws noise of its own (RandomNormal)", with_node("RandomNormal", [], ["x"], shape=[1])),
    ("draws noise of its own (Bernoulli)", with_inside(node("Bernoulli", ["x"], ["y"]))),
    ("the tensor 'w' is stored in another file", lambda made: made.graph.initializer.append(external())),
    ("the tensor 'w' is stored in another file", with_inside(tensors=[external()])),
    ("the tensor 'w' is stored in another file", with_node("Constant", [], ["x"], value=external())),
    ("the tensor 'values' is stored in another file", with_node("Constant", [], ["x"], sparse_value=sparse())),
    ("the tensor 'values' is stored in another file", lambda made: made.graph.sparse_initializer.append(sparse())),
    ("the model holds functions", own_function),
    ("training graphs", lambda made: made.training_info.add()),
    ("version 99 of the operators of ONNX", with_opset("", 99)),
    ("version 6 of the operators of the domain 'ai.onnx'", with_opset("ai.onnx", 6)),
    ("version 99 of the operators of the domain 'ai.onnx.ml'", with_opset("ai.onnx.ml", 99)),
    ("not an ONNX model", lambda made: made.ClearField("graph")),
    # onnxruntime ends the process on these.
    ("'num_outputs' of an operator Split", with_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=1)),
    ("'num_outputs' of an operator Split", with_node("Split", ["x"], ["a", "b"], axis=1, num_outputs=-2)),
    ("'num_outputs' of an operator Split", with_inside(node("Split", ["x"], ["a", "b"], num_outputs=3))),
    ("'split' of an operator Split", with_node("Split", ["x"], ["a", "b"], axis=1, split=[2])),
    ("'num_scan_inputs' of an operator Scan", with_node("Scan", ["x"], ["y"], num_scan_inputs=2)),
]


@pytest.mark.parametrize(("reason", "change"), REFUSED)
def test_what_no_package_needs_is_refused(reason: str, change: Callable[[Any], Any]) -> None:
    with pytest.raises(GraphError) as caught:
        graph_policy.check(model(change))
    assert reason in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\xff", b"text", packages.table_graph()[:-1]])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(GraphError, match="not an ONNX model"):
        graph_policy.check(data)


@pytest.mark.parametrize("file", EXPORTED, ids=lambda file: file.parts[-3])
def test_shipped_models_are_allowed(file: Path) -> None:
    graph_policy.check(file.read_bytes())


def test_standard_operators_are_allowed() -> None:
    for data in (packages.table_graph(), packages.image_graph(4, 4, 1), packages.slow_graph()):
        graph_policy.check(data)
    graph_policy.check(model(with_node("Abs", ["x"], ["y"], domain="ai.onnx")))
    graph_policy.check(model(with_node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml")))
