"""Makes the columns of rules with onnxruntime, as a server would."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from synthserve.v1 import schema_pb2
from synthserve_core.packages import graph_policy
from synthserve_training.models.onnx_graph import GraphBuilder, Value
from synthserve_training.models.rules import Output, Row, rule

_DTYPES: Mapping[int, Any] = {
    schema_pb2.COLUMN_TYPE_STRING: np.uint8,
    schema_pb2.COLUMN_TYPE_INT64: np.int64,
    schema_pb2.COLUMN_TYPE_DOUBLE: np.float64,
    schema_pb2.COLUMN_TYPE_CATEGORY: np.int32,
    schema_pb2.COLUMN_TYPE_BOOL: np.bool_,
    schema_pb2.COLUMN_TYPE_DATE: np.int32,
    schema_pb2.COLUMN_TYPE_TIMESTAMP: np.int64,
}


@dataclass(frozen=True)
class Table:
    """Rule columns in one graph, in the order in which they are made."""

    schemas: Mapping[str, schema_pb2.Column]
    uniforms: int
    model: onnx.ModelProto

    def tensors(self, rows: int, *, start: int = 0, batch: int = 8192, seed: int = 0) -> dict[str, NDArray[Any]]:
        """The outputs for some rows from `start` on."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            self.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        names = [output.name for output in session.get_outputs()]
        noise = np.random.default_rng(seed).integers(0, 2**24, (rows, max(1, self.uniforms)))
        parts = []
        for at in range(0, rows, batch):
            stop = min(at + batch, rows)
            index = np.arange(start + at, start + stop)
            parts.append(session.run(names, {"u": (noise[at:stop] / 2**24).astype(np.float32), "i": index}))
        return {name: np.concatenate(each) for name, each in zip(names, zip(*parts, strict=True), strict=True)}

    def values(self, rows: int, *, start: int = 0, seed: int = 0) -> dict[str, list[Any]]:
        """The values by column; None where they are missing."""
        tensors = self.tensors(rows, start=start, seed=seed)
        return {name: list(_values(schema, tensors)) for name, schema in self.schemas.items()}


def table(columns: Mapping[str, Mapping[str, Any]]) -> Table:
    """Builds the graph of rule columns."""
    graph = GraphBuilder()
    rules = {name: rule(options, name) for name, options in columns.items()}
    uniforms = sum(each.uniforms for each in rules.values())
    noise = graph.input("u", np.float32, [max(1, uniforms)])
    index = graph.input("i", np.int64, [])
    taken = 0

    def take(count: int) -> Value:
        nonlocal taken
        taken += count
        return graph.slice(noise, taken - count, taken, 1)

    outputs: dict[str, Output] = {}
    schemas: dict[str, schema_pb2.Column] = {}
    for name, each in rules.items():
        schemas[name] = each.schema(name, schemas)
        visible = {other: outputs[other] for other in each.references}
        row = Row(index if each.uses_index else "", take, visible, {other: schemas[other] for other in visible})
        output = outputs[name] = each.build(graph, row)
        schema = schemas[name]
        shape = [schema.max_bytes] if schema.type == schema_pb2.COLUMN_TYPE_STRING else []
        graph.output(name, output.values, _DTYPES[schema.type], shape)
        assert schema.nullable == (output.validity is not None)
        if output.validity:
            graph.output(f"valid:{name}", output.validity, np.bool_)
    assert taken == uniforms, "a rule takes as many uniform numbers as it says"
    model = graph.build()
    graph_policy.check(model.SerializeToString())
    return Table(schemas, uniforms, model)


def one(options: Mapping[str, Any], rows: int = 500, *, name: str = "c", start: int = 0) -> list[Any]:
    """The values of one rule."""
    return table({name: options}).values(rows, start=start)[name]


def distinct(texts: NDArray[np.uint8]) -> int:
    """At least how many rows differ, uint8 [n, width]: how many different sums of bytes times random factors."""
    factors: NDArray[np.uint64] = np.random.default_rng(1).integers(1, 2**63, (texts.shape[1],), dtype=np.uint64)
    sums = np.zeros(len(texts), np.uint64)
    for place in range(texts.shape[1]):
        sums += texts[:, place] * factors[place]
    return len(np.unique(sums))


def _values(schema: schema_pb2.Column, tensors: Mapping[str, NDArray[Any]]) -> Iterator[Any]:
    values = tensors[schema.name]
    valid: Sequence[bool] | NDArray[np.bool_] = tensors.get(f"valid:{schema.name}", np.ones(len(values), np.bool_))
    for value, is_valid in zip(values, valid, strict=True):
        if not is_valid:
            yield None
        elif schema.type == schema_pb2.COLUMN_TYPE_STRING:
            text = bytes(value).rstrip(b"\0")
            assert b"\0" not in text, "the zeros are at the end"
            yield text.decode()
        elif schema.type == schema_pb2.COLUMN_TYPE_CATEGORY:
            yield schema.categories[value]
        else:
            yield value.item()
