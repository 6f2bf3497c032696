"""Packages of format 1: read as the same in format 2, with the same samples."""

import hashlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from google.protobuf import json_format
from tests.fixtures import packages
from tests.fixtures.format_twins import as_format_1, as_format_2, shipped, write_twins

import synthserve_core
from synthserve.v1 import manifest_pb2
from synthserve_core import AnyOf, Equals
from synthserve_core.contract import manifest as manifests
from synthserve_core.contract.conditions import Test
from synthserve_core.contract.model import Distribution, Image, Noise
from synthserve_core.errors import ManifestError
from synthserve_core.local import LocalModel

GRAPH = {"file": "model.onnx", "sha256": "0" * 64, "latent_shape": [5], "batch_size": 8, "packet": 2}
TABLE = {
    "format_version": 1,
    "model": "m",
    "version": 3,
    "graph": GRAPH,
    "table": packages.TABLE_MANIFEST["table"],
    "conditions": packages.TABLE_MANIFEST["conditions"],
    "card": {"summary": "A table."},
    "figures": packages.TABLE_MANIFEST["figures"],
}
IMAGE = {
    "format_version": 1,
    "model": "m",
    "version": 3,
    "graph": GRAPH,
    "image": {"height": 2, "width": 3, "channels": 1},
    "conditions": [{"column": "digit", "categories": ["0", "1"]}],
}


@pytest.mark.parametrize("manifest", [TABLE, IMAGE])
def test_is_read_as_its_twin(manifest: dict[str, Any]) -> None:
    found = manifests.parse(json.dumps(manifest).encode())
    expected = json_format.ParseDict(as_format_2(manifest), manifest_pb2.Manifest())

    def ordered(one: manifest_pb2.Manifest) -> manifest_pb2.Manifest:
        for method in one.methods:
            outputs = sorted(method.outputs, key=lambda output: output.name)
            del method.outputs[:]
            method.outputs.extend(outputs)
        return one

    assert ordered(found) == ordered(expected)
    assert manifests.describe(found, "m", 3) == manifests.describe(expected, "m", 3)
    model = manifests.describe(found, "m", 3)
    assert model.generate.inputs["latent"] == Noise(Distribution.NORMAL, (5,), stream=0)
    assert (model.generate.packet, model.batch_size) == (2, 8)


def test_the_twins_of_the_fixtures_are_each_others() -> None:
    assert as_format_1(as_format_2(deepcopy(TABLE))) == TABLE


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"graph": {**GRAPH, "batch_size": 0}}, "the batch_size of the method generate must be"),
        ({"graph": {**GRAPH, "latent_shape": [0]}}, "the shape of the noise of the input 'latent' must hold sizes"),
        ({"graph": {}}, "the file of the method generate must be the plain name"),
        ({"conditions": [{"column": "species"}, {"column": "species"}]}, "the conditions hold 'species' twice"),
        (
            {
                "table": {
                    "columns": [
                        {"name": "latent", "type": 1},
                        {"name": "valid:x", "type": 1},
                        {"name": "x", "type": 1, "nullable": True},
                    ]
                },
                "conditions": [],
            },
            "the outputs of the method generate hold 'valid:x' twice",
        ),
    ],
)
def test_what_is_wrong_with_it_is_refused(change: dict[str, Any], message: str) -> None:
    manifest = manifests.parse(json.dumps({**TABLE, **change}).encode())
    with pytest.raises(ManifestError) as caught:
        manifests.describe(manifest, "m", 3)
    assert str(caught.value).startswith(message)


def _digests(model: LocalModel, where: dict[str, Test]) -> list[str]:
    """Digests of arrays and of the files that are made of them, from two ranges."""
    found = []
    for seed, start, count in ((7, 0, 150), (2**63 - 1, 10**12 + 3, 40)):
        drawn = hashlib.sha256()
        arrays = model.samples(seed=seed, start=start, count=count, where=where)
        for key in sorted(arrays, key=str):
            drawn.update(np.ascontiguousarray(arrays[key]).tobytes())
        if isinstance(model.model.output, Image):
            for picture in model.pictures(seed=seed, start=start, count=count, where=where):
                drawn.update(picture)
        else:
            table = model.rows(seed=seed, start=start, count=count, where=where)
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            drawn.update(sink.getvalue())
        found.append(drawn.hexdigest())
    return found


@pytest.mark.parametrize("name", ["iris-vae", "mnist-dcgan", "tiny-table", "tiny-rgb"])
def test_twins_give_the_same_samples(name: str, repository: Path, tmp_path: Path) -> None:
    package = repository / name / "1" if name.startswith("tiny") else shipped(name)
    old, new = (synthserve_core.load(root / name / "1") for root in write_twins({name: package}, tmp_path))
    assert (old.model.methods, old.model.conditions) == (new.model.methods, new.model.conditions)
    taken = [condition.name for condition in old.model.conditions]
    cases: list[dict[str, Test]] = [{}]
    for column in taken:
        cases += [{column: Equals("versicolor")}, {column: AnyOf(("setosa",))}]
    for where in cases:
        assert _digests(old, where) == _digests(new, where)
