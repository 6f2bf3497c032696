"""The model of the vectors that is a learnt table in whole numbers: a network as `synthserve-train fit` exports it.

Its weights are drawn here, in whole numbers. `cells` runs the graph by the reference implementation of ONNX, which
computes in float32 with NumPy what runtimes compute in bytes.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from tests.conformance.digests import Cells
from tests.conformance.typed import uniform_words
from tests.fixtures.token_models import portable_model

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY
from synthserve_core.contract.model import Validity
from synthserve_training.export.package import put
from synthserve_training.models import contract
from synthserve_training.models.autoregressive.drawing.graph import NOISE, DrawingGraph
from synthserve_training.models.contract import GRAPH_FILE, output_name

NAME = "conformance-exact"
BATCH = 4096

UNSET: Mapping[str, NDArray[Any]] = {
    "kind": np.ones((1, 4), np.bool_),
    "number": np.array([[-np.inf, np.inf]]),
    "flag": np.ones((1, 2), np.bool_),
    "day": np.array([[-np.inf, np.inf]]),
}
"""The conditions as the graph takes them, where nothing is asked for."""


class GatherElements(OpRun):
    """The operation, which the reference implementation has for at most 64 elements along the axis."""

    def _run(self, data: NDArray[Any], indices: NDArray[Any], axis: int = 0) -> tuple[NDArray[Any]]:
        return (np.take_along_axis(data, indices, axis),)


@cache
def drawing() -> DrawingGraph:
    """The graph, and what its manifest says about it."""
    return portable_model().graph()


@cache
def _evaluator() -> ReferenceEvaluator:
    model = ModelProto()
    model.CopyFrom(drawing().model)
    # The reference implementation has QuantizeLinear and DequantizeLinear only from here on; they mean the same.
    model.opset_import[0].version = 19
    return ReferenceEvaluator(model, new_ops=[GatherElements])


def write(root: Path) -> None:
    """Writes the package into a repository."""
    graph = drawing().model.SerializeToString()
    method = contract.generate(drawing(), batch_size=BATCH, packet=1, sha256=hashlib.sha256(graph).hexdigest())
    put(root / NAME / "1", {GRAPH_FILE: graph}, contract.manifest(drawing(), [method], model=NAME, version=1))


def cells(seed: int, start: int, count: int, conditions: Mapping[str, NDArray[Any]]) -> list[Cells]:
    """The rows `[start, start + count)` under conditions, which are those of `UNSET` where they are not given."""
    (noise,) = (one.noise for one in drawing().inputs if one.name == NOISE)
    words = uniform_words(seed, start, count, noise.shape[0])
    told = {f"condition:{name}": value for name, value in {**UNSET, **conditions}.items()}
    names = _evaluator().output_names
    found = dict(zip(names, _evaluator().run(None, {NOISE: (words / 2**24).astype(np.float32), **told}), strict=True))
    columns = []
    for column in drawing().schema.columns:
        values = found[output_name(column.name)]
        if column.type == COLUMN_TYPE_CATEGORY:
            values = [column.categories[code] for code in values]
        columns.append(Cells(values, found[output_name(Validity(column.name))] if column.nullable else None))
    return columns
