"""What a graph may hold: looked at before onnxruntime, which is written in C++ and trusts more, sees a byte of it.

A graph holds standard operators of released versions and its own weights. No package needs more than that: the exporter
writes operators of the default domain alone. So what onnxruntime knows beside the standard (`com.microsoft`,
`com.microsoft.nchwc` and others, which it makes for itself when it optimises a graph) and what libraries could add is
refused, and no other file is ever opened for a graph. This does not make a hostile graph harmless: it can still ask for
much memory or time.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from synthserve_core.errors import GraphError

OPSETS = {
    "": range(7, onnx.defs.onnx_opset_version() + 1),
    # Standard, too: encoders and ensembles of trees. tf2onnx names it in every graph.
    "ai.onnx.ml": range(1, onnx.defs.onnx_ml_opset_version() + 1),
}
"""The operator domains that a graph may use, and their versions: those that onnxruntime supports and `onnx` knows."""

_OTHER_NAMES = {"ai.onnx": ""}

RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Operators that draw noise of their own: a sample would not be a function of the seed and its index."""


def check(graph: bytes) -> frozenset[str]:
    """Checks what a graph holds.

    Returns:
        The operators that it uses.

    Raises:
        GraphError: It is no ONNX model, or something in it is not allowed.
    """
    try:
        model = onnx.ModelProto.FromString(graph)
    except DecodeError:
        raise GraphError("the graph is not an ONNX model") from None
    if not model.HasField("graph"):
        raise GraphError("the graph is not an ONNX model")
    if len(model.training_info) > 0:
        raise GraphError("the model holds training graphs, which nothing here runs")
    _check_opsets(model.opset_import)
    if len(model.functions) > 0:
        # One could go by the name of an operator that onnxruntime brings along, and stand for it in the check below.
        raise GraphError("the model holds functions; they must be inlined")
    _check_graph(model.graph)
    return frozenset(_operators(model.graph))


def _check_opsets(imports: Iterable[onnx.OperatorSetIdProto]) -> None:
    for one in imports:
        # A domain that is only named is no matter: what counts is which operators are used.
        versions = OPSETS.get(_OTHER_NAMES.get(one.domain, one.domain))
        if versions is not None and one.version not in versions:
            raise GraphError(
                f"the graph uses version {one.version} of the operators of {_shown(one.domain)}; this server knows "
                f"{versions.start} to {versions.stop - 1}"
            )


def _check_graph(graph: onnx.GraphProto) -> None:
    for tensor in (*graph.initializer, *_parts(graph.sparse_initializer)):
        _check_tensor(tensor)
    for node in graph.node:
        if _OTHER_NAMES.get(node.domain, node.domain) not in OPSETS:
            raise GraphError(
                f"the graph uses the operator {_quoted(node.op_type)} of {_shown(node.domain)}; allowed are the "
                "standard operators of ONNX"
            )
        if node.op_type in RANDOM:
            raise GraphError(f"the graph draws noise of its own ({node.op_type}); noise must come in as an input")
        _check_attributes(node.attribute)


def _operators(graph: onnx.GraphProto) -> Iterator[str]:
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            for inner in (*_set(attribute, "g"), *attribute.graphs):
                yield from _operators(inner)


def _check_attributes(attributes: Iterable[onnx.AttributeProto]) -> None:
    for attribute in attributes:
        sparse = [*attribute.sparse_tensors, *_set(attribute, "sparse_tensor")]
        for tensor in (*_set(attribute, "t"), *attribute.tensors, *_parts(sparse)):
            _check_tensor(tensor)
        for graph in (*_set(attribute, "g"), *attribute.graphs):
            _check_graph(graph)  # protobuf has bounded how deep they lie in each other


def _check_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_location != onnx.TensorProto.DEFAULT or len(tensor.external_data) > 0:
        raise GraphError(
            f"the tensor {_quoted(tensor.name)} lies in another file; a graph must hold its weights itself"
        )


def _parts(sparse: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for tensor in sparse:
        yield from (tensor.values, tensor.indices)


def _set(attribute: onnx.AttributeProto, field: str) -> list[Any]:
    return [getattr(attribute, field)] if attribute.HasField(field) else []


def _shown(domain: str) -> str:
    return f"the domain {_quoted(domain)}" if domain else "ONNX"


def _quoted(name: str) -> str:
    return repr(name if len(name) <= 80 else f"{name[:80]}…")
