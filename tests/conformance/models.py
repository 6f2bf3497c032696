"""The models of the vectors, whose samples are the same on every processor.

Every value is computed from the latents by operations that IEEE 754 or integer arithmetic define exactly (scaling by
powers of two, floor, integer sums and remainders, one division), so no kernel can round another way. `exact` has the
network of a learnt table in whole numbers.
"""

import hashlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from tests.conformance import exact, typed, wide
from tests.fixtures.packages import SLOW_MANIFEST, graph, picky_graph, slow_graph, write_package

TABLE, IMAGE, GREY = "conformance-table", "conformance-image", "conformance-grey"
SLOW, BROKEN, FAILS = "conformance-slow", "conformance-broken", "conformance-fails"

CITIES = ("Zürich", "東京", "São Paulo", "Ελλάδα", "🌻", 'say "hi", or so', "two\nlines", "")
"""What is awkward in CSV and JSON: letters of 1 to 4 bytes, quotes, commas, line ends, nothing at all."""

SCALE = 1024.0
"""By what latents are multiplied before they are cut to whole numbers."""

TABLE_LATENT = 8
HEIGHT, WIDTH = 24, 40
IDS = (1 << 50, 1)
"""What the whole numbers that make an `id` count: most ids are beyond 2^53, where doubles have gaps."""


def _whole_numbers() -> list[Any]:
    node = helper.make_node
    return [
        node("Mul", ["latent", "scale"], ["scaled"]),
        node("Floor", ["scaled"], ["floored"]),
        node("Cast", ["floored"], ["whole"], to=TensorProto.INT64),
    ]


def table_graph(shift: int = 0) -> bytes:
    """A column of every type; all but two can be missing. Another `shift` makes other ids."""
    node = helper.make_node
    nodes = [
        *_whole_numbers(),
        node("Split", ["whole"], [f"w{i}_" for i in range(TABLE_LATENT)], axis=1, num_outputs=TABLE_LATENT),
        *[node("Squeeze", [f"w{i}_", "axis"], [f"w{i}"]) for i in range(TABLE_LATENT)],
        node("Cast", ["w0"], ["hundredths"], to=TensorProto.DOUBLE),
        node("Div", ["hundredths", "hundred"], ["measure"]),
        node("Greater", ["w1", "often"], ["valid:measure"]),
        node("Mul", ["w2", "large"], ["high"]),
        node("Add", ["high", "w3"], ["unshifted"]),
        node("Add", ["unshifted", "shift"], ["id"]),
        node("Gather", ["latent", "five"], ["single"], axis=1),
        node("Cast", ["single"], ["double"], to=TensorProto.DOUBLE),
        node("Div", ["double", "three"], ["ratio"]),
        node("Mod", ["w4", "cities"], ["drawn"]),
        node("Less", ["condition:city", "zero"], ["unset"]),
        node("Where", ["unset", "drawn", "condition:city"], ["code"]),
        node("Cast", ["code"], ["city"], to=TensorProto.INT32),
        node("Less", ["w6", "seldom"], ["there"]),
        node("Not", ["unset"], ["set"]),
        node("Or", ["there", "set"], ["valid:city"]),
        node("Greater", ["w7", "zero"], ["open"]),
        node("Greater", ["w6", "often"], ["valid:open"]),
    ]
    constants = {
        "scale": np.float32(SCALE),
        "axis": np.array([1], np.int64),
        "hundred": np.float64(100),
        "often": np.int64(-500),
        "seldom": np.int64(700),
        "large": np.int64(IDS[0]),
        "shift": np.int64(shift),
        "five": np.int64(5),
        "three": np.float64(3),
        "cities": np.int64(len(CITIES)),
        "zero": np.int64(0),
    }
    return graph(
        nodes,
        [("latent", "float32", [TABLE_LATENT]), ("condition:city", "int64", [])],
        [
            ("measure", "float64", []),
            ("valid:measure", "bool", []),
            ("id", "int64", []),
            ("ratio", "float64", []),
            ("city", "int32", []),
            ("valid:city", "bool", []),
            ("open", "bool", []),
            ("valid:open", "bool", []),
        ],
        constants,
    )


TABLE_MANIFEST: dict[str, Any] = {
    "graph": {"latent_shape": [TABLE_LATENT], "batch_size": 8192},
    "table": {
        "columns": [
            {"name": "measure", "type": "COLUMN_TYPE_DOUBLE", "decimals": 2, "nullable": True, "unit": "cm"},
            {"name": "id", "type": "COLUMN_TYPE_INT64"},
            {"name": "ratio", "type": "COLUMN_TYPE_DOUBLE"},
            {"name": "city", "type": "COLUMN_TYPE_CATEGORY", "categories": list(CITIES), "nullable": True},
            {"name": "open", "type": "COLUMN_TYPE_BOOL", "nullable": True},
        ]
    },
    "conditions": [{"column": "city", "categories": list(CITIES)}],
}


def image_graph(channels: int) -> bytes:
    """Slopes over both axes, modulo 256, of another steepness in each channel."""
    node = helper.make_node
    nodes = [
        *_whole_numbers(),
        node("Reshape", ["whole", "planes"], ["shaped"]),
        node("Split", ["shaped"], ["level", "down", "across"], axis=1, num_outputs=3),
        node("Mul", ["down", "rows"], ["by_row"]),
        node("Mul", ["across", "columns"], ["by_column"]),
        node("Add", ["by_row", "by_column"], ["slope"]),
        node("Add", ["slope", "level"], ["sum"]),
        node("Mod", ["sum", "values"], ["rest"]),
        node("Cast", ["rest"], ["image"], to=TensorProto.UINT8),
    ]
    constants = {
        "scale": np.float32(SCALE),
        "planes": np.array([-1, 3, 1, channels], np.int64),
        "rows": np.arange(HEIGHT).reshape(1, HEIGHT, 1, 1),
        "columns": np.arange(WIDTH).reshape(1, 1, WIDTH, 1),
        "values": np.int64(256),
    }
    shape = [HEIGHT, WIDTH, channels]
    return graph(nodes, [("latent", "float32", [3 * channels])], [("image", "uint8", shape)], constants)


def image_manifest(channels: int) -> dict[str, Any]:
    """The manifest that goes with `image_graph`."""
    return {
        "graph": {"latent_shape": [3 * channels], "batch_size": 32},
        "image": {"height": HEIGHT, "width": WIDTH, "channels": channels},
    }


def write_models(root: Path) -> Path:
    """Writes the repository that the vectors speak of."""
    write_package(root, TABLE, table_graph(), TABLE_MANIFEST)
    write_package(root, IMAGE, image_graph(3), image_manifest(3))
    write_package(root, GREY, image_graph(1), image_manifest(1))
    write_package(root, SLOW, slow_graph(), SLOW_MANIFEST)
    write_package(root, FAILS, picky_graph(), SLOW_MANIFEST)
    _write_format_2(root, typed.NAME, typed.graph(), typed.MANIFEST)
    _write_format_2(root, wide.NAME, wide.graph(), wide.MANIFEST)
    exact.write(root)
    broken = write_package(root, BROKEN, table_graph(), TABLE_MANIFEST)
    (broken / "model.onnx").write_bytes(b"not what the manifest says")
    return root


def _write_format_2(root: Path, model: str, onnx_model: bytes, manifest: dict[str, Any]) -> None:
    folder = root / model / "1"
    folder.mkdir(parents=True)
    (folder / "generate.onnx").write_bytes(onnx_model)
    content = {"format_version": 2, "model": model, "version": 1, **deepcopy(manifest)}
    content["methods"][0] |= {"file": "generate.onnx", "sha256": hashlib.sha256(onnx_model).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(content))


def write_next_version(root: Path) -> None:
    """Writes a second version of the table, which a stream that broke must not go on with."""
    write_package(root, TABLE, table_graph(shift=1), TABLE_MANIFEST, version=2)
