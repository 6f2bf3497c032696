"""The model of the vectors whose schema does not fit into one message: many columns, and many long categories."""

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from tests.conformance.digests import Cells
from tests.conformance.typed import uniform_words

NAME = "conformance-wide"

COLUMNS = 200
CATEGORIES = 50_000
NOISE = 8


def category(code: int) -> str:
    """A value of some forty bytes, in two scripts."""
    return f"category {code:05} of {CATEGORIES}: 東京 number {code * 7919 % 100_003:06}"


def graph() -> bytes:
    """The ONNX model: a category, and columns of whole numbers."""
    node = helper.make_node
    names = [f"column {i}" for i in range(COLUMNS)]
    nodes = [
        node("Mul", ["uniform", "words"], ["scaled"]),
        node("Cast", ["scaled"], ["whole"], to=TensorProto.INT64),
        node("Gather", ["whole", "first"], ["w0"], axis=1),
        node("Mod", ["w0", "categories"], ["code"]),
        node("Cast", ["code"], ["out place"], to=TensorProto.INT32),
        node("Gather", ["whole", "second"], ["w1"], axis=1),
        *[node("Add", ["w1", f"shift {i}"], [f"out {name}"]) for i, name in enumerate(names)],
    ]
    constants = {
        "words": np.float32(1 << 24),
        "first": np.int64(0),
        "second": np.int64(1),
        "categories": np.int64(CATEGORIES),
        **{f"shift {i}": np.int64(i) for i in range(COLUMNS)},
    }
    outputs: list[Any] = [
        ("out place", TensorProto.INT32, ["batch"]),
        *((f"out {name}", TensorProto.INT64, ["batch"]) for name in names),
    ]
    made = helper.make_graph(
        nodes,
        "wide",
        [helper.make_tensor_value_info("uniform", TensorProto.FLOAT, ["batch", NOISE])],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return bytes(model.SerializeToString())


MANIFEST: dict[str, Any] = {
    "table": {
        "columns": [
            {
                "name": "place",
                "type": "COLUMN_TYPE_CATEGORY",
                "categories": [category(code) for code in range(CATEGORIES)],
            },
            *({"name": f"column {i}", "type": "COLUMN_TYPE_INT64"} for i in range(COLUMNS)),
        ]
    },
    "methods": [
        {
            "method": "METHOD_GENERATE",
            "batch_size": 1024,
            "inputs": [{"name": "uniform", "noise": {"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": [NOISE]}}],
            "outputs": [
                {"name": "out place", "column": "place"},
                *({"name": f"out column {i}", "column": f"column {i}"} for i in range(COLUMNS)),
            ],
        }
    ],
}


def cells(seed: int, start: int, count: int) -> list[Cells]:
    """The rows `[start, start + count)`."""
    w = uniform_words(seed, start, count).T
    return [
        Cells([category(code) for code in (w[0] % CATEGORIES).tolist()]),
        *(Cells(w[1] + i) for i in range(COLUMNS)),
    ]
