"""Checks what a graph contains, before onnxruntime, which is written in C++ and trusts its input more, sees a byte.

A graph may contain standard operators of released versions and its own weights, and nothing else. No package needs
more: the exporter writes operators of the default domain only. The check refuses the other operators of onnxruntime
(`com.microsoft`, `com.microsoft.nchwc` and others, which it inserts itself when it optimises a graph) and those of
custom libraries. No other file is ever opened for a graph. The check does not make a hostile graph harmless: it can
still demand much memory or time.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import onnx
from google.protobuf.message import DecodeError

from synthserve_core.errors import GraphError

OPSETS = {
    "": range(7, onnx.defs.onnx_opset_version() + 1),
    # Also standard: encoders and tree ensembles. tf2onnx imports it in every graph.
    "ai.onnx.ml": range(1, onnx.defs.onnx_ml_opset_version() + 1),
}
"""The operator domains that a graph may use, and their versions: those that onnxruntime supports and `onnx` knows."""

_OTHER_NAMES = {"ai.onnx": ""}

RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
"""Operators that draw random numbers: with them, a sample would not be a function of the seed and its index."""


def check(graph: bytes) -> frozenset[str]:
    """Checks the contents of a graph.

    Returns:
        The operators that it uses.

    Raises:
        GraphError: It is not an ONNX model, or contains something that is not allowed.
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
        # A function could have the name of a standard operator, and the check below would take it for that operator.
        raise GraphError("the model holds functions; they must be inlined")
    _check_graph(model.graph)
    return frozenset(_operators(model.graph))


def _check_opsets(imports: Iterable[onnx.OperatorSetIdProto]) -> None:
    for one in imports:
        # Importing an unknown domain does no harm: the check below covers the operators that are used.
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
        _check_counts(node)
        _check_attributes(node.attribute)


def _check_counts(node: onnx.NodeProto) -> None:
    """Compares the numbers that a node declares with the inputs and outputs that it has.

    onnxruntime takes these numbers for the sizes of its lists, and a wrong one ends the whole process.
    """
    for attribute in node.attribute:
        match node.op_type, attribute.name:
            case "Split", "num_outputs":
                fits = attribute.i == len(node.output)
            case "Split", "split":
                fits = len(attribute.ints) == len(node.output)
            case "Scan", "num_scan_inputs":
                fits = 1 <= attribute.i <= len(node.input)
            case _:
                continue
        if not fits:
            raise GraphError(
                f"the attribute {attribute.name!r} of an operator {node.op_type} differs from its inputs and outputs"
            )


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
            _check_graph(graph)  # protobuf bounds the depth of the nesting


def _check_tensor(tensor: onnx.TensorProto) -> None:
    if tensor.data_location != onnx.TensorProto.DEFAULT or len(tensor.external_data) > 0:
        raise GraphError(
            f"the tensor {_quoted(tensor.name)} is stored in another file; a graph must contain its weights"
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
