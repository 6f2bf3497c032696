"""Packages that are wrong are refused in one sentence that says what to mend."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.fixtures import packages

from synthserve_core.compute.devices import CPU
from synthserve_core.errors import GraphError, ManifestError
from synthserve_core.packages.reading import load_package

Change = Callable[[dict[str, Any]], Any]


def failure(root: Path) -> str:
    with pytest.raises((ManifestError, GraphError, OSError)) as caught:
        load_package(root / "bad" / "1", CPU)
    return str(caught.value)


def column(content: dict[str, Any], index: int = 0) -> dict[str, Any]:
    chosen: dict[str, Any] = content["table"]["columns"][index]
    return chosen


DAMAGES: list[tuple[Change, str]] = [
    (lambda m: m.update(format_version=3), "format version 3; this server knows 1 and 2"),
    (lambda m: m.pop("format_version"), "format version 0"),
    (lambda m: m.update(surprise=1), "surprise"),
    (lambda m: column(m).update(surprise=1), "surprise"),
    (lambda m: m.update(model="other"), "is for 'other' version 1, but lies in the folder bad/1"),
    (lambda m: m.update(version=2), "is for 'bad' version 2, but lies in the folder bad/1"),
    (lambda m: m["graph"].update(file="../other/model.onnx"), "plain name of a file"),
    (lambda m: m["graph"].update(file="/etc/passwd"), "plain name of a file"),
    (lambda m: m["graph"].update(file=".."), "plain name of a file"),
    (lambda m: m["graph"].update(file=""), "plain name of a file"),
    (lambda m: m["graph"].update(file="absent.onnx"), "absent.onnx"),
    (lambda m: m["graph"].update(sha256="0" * 64), "has the SHA-256"),
    (lambda m: m["graph"].update(sha256="ABC"), "64 lower-case hexadecimal digits"),
    (lambda m: m["graph"].update(batch_size=0), "batch_size of the method generate must be at least 1"),
    (lambda m: m["graph"].update(latent_shape=[5, 0]), "shape of the noise of the input 'latent' must hold"),
    (lambda m: m["graph"].update(latent_shape=[2**20, 2**20]), "at most 8 sizes and 268,435,456 values"),
    (lambda m: m["graph"].update(latent_shape=[1] * 9), "at most 8 sizes and 268,435,456 values"),
    (
        lambda m: m["graph"].update(batch_size=2**31 - 1),
        "batch_size of the method generate must be at least 1 and at most 1,048,576",
    ),
    (
        lambda m: m["graph"].update(packet=2**31 - 1),
        "packet of the method generate must be at least 1 and at most 1,048,576",
    ),
    (lambda m: m["table"].update(columns=[column(m)] * 5000), "the table has 5,000 columns; allowed are 4,096"),
    (
        lambda m: column(m, 2).update(categories=[str(i) for i in range(70_000)]),
        "the column 'species' has 70,000 categories; allowed are 65,536",
    ),
    (
        lambda m: m["conditions"][0].update(categories=[str(i) for i in range(70_000)]),
        "the condition 'species' has 70,000 categories",
    ),
    (lambda m: m.update(conditions=m["conditions"] * 5000), "the model has 5,000 conditions; allowed are 4,096"),
    (lambda m: m["graph"].update(latent_shape=[6]), "'latent' has the shape ['batch', 5], not ['batch', 6]"),
    (lambda m: m.pop("table"), "neither a table nor an image"),
    (lambda m: m.update(table={"columns": []}), "no columns"),
    (lambda m: m["table"]["columns"].append(column(m)), "hold 'length' twice"),
    (lambda m: column(m).update(name="valid:count"), "hold 'valid:count' twice"),
    (lambda m: column(m).update(name=""), "a column has no name"),
    (lambda m: column(m).pop("type"), "no type that this server knows"),
    (lambda m: column(m).update(type="COLUMN_TYPE_COLOUR"), "COLUMN_TYPE_COLOUR"),
    (lambda m: column(m).update(categories=["a"]), "has categories, but is not of that type"),
    (lambda m: column(m, 1).update(decimals=1), "only DOUBLE columns"),
    (lambda m: column(m).update(decimals=-1), "only DOUBLE columns"),
    (lambda m: column(m, 2).update(categories=[]), "has no categories"),
    (lambda m: column(m, 2).update(categories=["a", "a"]), "hold 'a' twice"),
    (lambda m: column(m, 2).update(categories=["setosa"]), "categories that the column does"),
    (lambda m: column(m).update(type="COLUMN_TYPE_INT64", decimals=None), "is tensor(double), not int64"),
    (lambda m: column(m).update(name="width"), "no output 'width'"),
    (lambda m: column(m).update(nullable=True), "no output 'valid:length'"),
    (lambda m: m["table"]["columns"].pop(), "has the output 'score, raw', 'valid:score, raw', which"),
    (lambda m: m.pop("conditions"), "has the input 'condition:species', which the manifest does not declare"),
    (lambda m: m["conditions"][0].update(column="colour"), "names no column"),
    (lambda m: m["conditions"][0].update(column="length", categories=[]), "has no categories"),
    (lambda m: m["conditions"][0].update(categories=["orchid"]), "categories that the column does not have"),
    (lambda m: m["conditions"].append(m["conditions"][0]), "hold 'species' twice"),
    (lambda m: m.update(image={"height": 1, "width": 1, "channels": 1}), "oneof"),
]


@pytest.mark.parametrize(("change", "reason"), DAMAGES, ids=[reason for _, reason in DAMAGES])
def test_a_manifest_that_is_wrong_is_refused(tmp_path: Path, change: Change, reason: str) -> None:
    packages.write_package(
        tmp_path, "bad", packages.table_graph(), copy.deepcopy(packages.TABLE_MANIFEST), change=change
    )
    assert reason in failure(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m["image"].update(channels=4), "1 or 3 channels, not 4"),
        (lambda m: m["image"].update(height=0), "height and width"),
        (lambda m: m["image"].update(height=70_000), "height and width"),
        (lambda m: m["image"].update(height=60_000, width=60_000), "3,600,000,000 values; allowed are 268,435,456"),
        (lambda m: m["image"].update(height=5), "not ['batch', 5, 4, 1]"),
    ],
)
def test_an_image_schema_that_is_wrong_is_refused(tmp_path: Path, change: Change, reason: str) -> None:
    manifest = packages.image_manifest(4, 4, 1)
    packages.write_package(tmp_path, "bad", packages.image_graph(4, 4, 1), manifest, change=change)
    assert reason in failure(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "1", '"text"', "\x00"])
def test_a_manifest_that_is_no_object_is_refused(tmp_path: Path, content: str) -> None:
    folder = packages.write_package(tmp_path, "bad", b"", packages.image_manifest(4, 4, 1))
    (folder / "manifest.json").write_text(content)
    assert "the manifest" in failure(tmp_path)


def test_a_graph_that_gives_codes_without_category_is_refused(tmp_path: Path) -> None:
    nodes = [helper.make_node("ReduceSum", ["latent", "one"], ["sum"], keepdims=0), cast("sum", "c32"), add("c32")]
    constants = {"one": np.array([1], np.int64), "nine": np.int32(9)}
    made = packages.graph(nodes, [("latent", "float32", [5])], [("kind", "int32", [])], constants)
    manifest = {
        "graph": {"latent_shape": [5], "batch_size": 4},
        "table": {"columns": [{"name": "kind", "type": "COLUMN_TYPE_CATEGORY", "categories": ["a", "b"]}]},
    }
    packages.write_package(tmp_path, "bad", made, manifest)
    assert "which is not from 0 to 1" in failure(tmp_path)


def cast(source: str, target: str) -> Any:
    return helper.make_node("Cast", [source], [target], to=TensorProto.INT32)


def add(source: str) -> Any:
    return helper.make_node("Add", [source, "nine"], ["kind"])


def test_manifests_may_use_the_other_spelling_of_proto_json(tmp_path: Path) -> None:
    folder = packages.write_package(tmp_path, "m", packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1))
    content = json.loads((folder / "manifest.json").read_text())
    content["formatVersion"] = content.pop("format_version")
    content["graph"]["batchSize"] = content["graph"].pop("batch_size")
    (folder / "manifest.json").write_text(json.dumps(content))
    assert load_package(folder, CPU).model.batch_size == 32
