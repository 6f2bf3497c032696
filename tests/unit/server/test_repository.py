import copy
import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.fixtures import packages

from synthserve.v1 import model_pb2
from synthserve_server.models.catalogue import FailedPackage, ReadyPackage
from synthserve_server.errors import ModelFailedError, ModelNotFoundError
from synthserve_core.contract.names import ModelName
from synthserve_server.models.repository import Repository
from synthserve_core.compute.devices import CPU
from synthserve_server.services.models import ModelService

Change = Callable[[dict[str, Any]], Any]


def load(root: Path) -> Repository:
    repository = Repository(root, CPU)
    repository.load()
    return repository


def failure(root: Path, model: str = "bad") -> str:
    package = load(root).catalogue.find(ModelName(model, None))
    assert isinstance(package, FailedPackage), "the package was loaded"
    # One sentence, for a caller to read.
    assert "\n" not in package.reason
    assert "Traceback" not in package.reason
    return package.reason


def column(content: dict[str, Any], index: int = 0) -> dict[str, Any]:
    chosen: dict[str, Any] = content["table"]["columns"][index]
    return chosen


DAMAGES: list[tuple[Change, str]] = [
    (lambda m: m.update(format_version=2), "format version 2; this server knows 1"),
    (lambda m: m.pop("format_version"), "format version 0"),
    (lambda m: m.update(surprise=1), "surprise"),
    (lambda m: column(m).update(surprise=1), "surprise"),
    (lambda m: m.update(model="other"), "is for 'other' version 1, but lies in the folder bad/1"),
    (lambda m: m.update(version=2), "is for 'bad' version 2, but lies in the folder bad/1"),
    (lambda m: m["graph"].update(file="../other/model.onnx"), "plain name of a file"),
    (lambda m: m["graph"].update(file="/etc/passwd"), "plain name of a file"),
    (lambda m: m["graph"].update(file=".."), "plain name of a file"),
    (lambda m: m["graph"].update(file=""), "plain name of a file"),
    (lambda m: m["graph"].update(file="absent.onnx"), "No such file or directory: absent.onnx"),
    (lambda m: m["graph"].update(sha256="0" * 64), "has the SHA-256"),
    (lambda m: m["graph"].update(sha256="ABC"), "64 lower-case hexadecimal digits"),
    (lambda m: m["graph"].update(batch_size=0), "batch_size must be at least 1"),
    (lambda m: m["graph"].update(latent_shape=[5, 0]), "latent_shape"),
    (lambda m: m["graph"].update(latent_shape=[2**20, 2**20]), "at most 8 sizes and 268,435,456 values"),
    (lambda m: m["graph"].update(latent_shape=[1] * 9), "at most 8 sizes and 268,435,456 values"),
    (lambda m: m["graph"].update(batch_size=2**31 - 1), "batch_size must be at least 1 and at most 1,048,576"),
    (lambda m: m["graph"].update(packet=2**31 - 1), "packet must be at least 1 and at most 1,048,576"),
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
    (lambda m: column(m).update(name="x" * 10_000), "…"),
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
    (lambda m: m.pop("conditions"), "has the input 'condition:species', which the manifest does not know"),
    (lambda m: m["conditions"][0].update(column="colour"), "names no column"),
    (lambda m: m["conditions"][0].update(categories=[]), "has no categories"),
    (lambda m: m["conditions"][0].update(categories=["orchid"]), "categories that the column does not have"),
    (lambda m: m["conditions"].append(m["conditions"][0]), "hold 'species' twice"),
    (lambda m: m.update(image={"height": 1, "width": 1, "channels": 1}), "oneof"),
]


@pytest.mark.parametrize(("change", "reason"), DAMAGES, ids=[reason for _, reason in DAMAGES])
def test_a_manifest_that_is_wrong_fails_its_model(tmp_path: Path, change: Change, reason: str) -> None:
    packages.write_package(
        tmp_path, "bad", packages.table_graph(), copy.deepcopy(packages.TABLE_MANIFEST), change=change
    )
    packages.write_package(tmp_path, "good", packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1))
    assert reason in failure(tmp_path)
    assert isinstance(load(tmp_path).catalogue.find(ModelName("good", None)), ReadyPackage)


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
def test_an_image_schema_that_is_wrong_fails_its_model(tmp_path: Path, change: Change, reason: str) -> None:
    manifest = packages.image_manifest(4, 4, 1)
    packages.write_package(tmp_path, "bad", packages.image_graph(4, 4, 1), manifest, change=change)
    assert reason in failure(tmp_path)


def test_a_truncated_graph_fails_its_model(tmp_path: Path) -> None:
    whole = packages.image_graph(4, 4, 1)
    packages.write_package(tmp_path, "bad", whole[: len(whole) // 2], packages.image_manifest(4, 4, 1))
    assert failure(tmp_path) == "the graph is not an ONNX model"


@pytest.mark.parametrize("content", ["", "{", "[]", "1", '"text"', "\x00"])
def test_a_manifest_that_is_no_object_fails_its_model(tmp_path: Path, content: str) -> None:
    folder = packages.write_package(tmp_path, "bad", b"", packages.image_manifest(4, 4, 1))
    (folder / "manifest.json").write_text(content)
    assert "the manifest" in failure(tmp_path)


def test_a_folder_without_manifest_is_a_failed_model(tmp_path: Path) -> None:
    (tmp_path / "bad" / "1").mkdir(parents=True)
    assert failure(tmp_path) == "No such file or directory: manifest.json"


def test_a_graph_that_gives_codes_without_category_fails_its_model(tmp_path: Path) -> None:
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


def test_versions_resolve(tmp_path: Path) -> None:
    graph, manifest = packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1)
    for version in (1, 2, 10):
        packages.write_package(tmp_path, "m", graph, manifest, version)
    packages.write_package(tmp_path, "m", graph[:50], manifest, version=11)
    catalogue = load(tmp_path).catalogue
    assert [package.version for package in catalogue.models["m"]] == [11, 10, 2, 1]
    assert catalogue.ready(ModelName("m", None)).version == 10
    assert catalogue.ready(ModelName("m", 2)).version == 2
    with pytest.raises(ModelFailedError, match="is not an ONNX model"):
        catalogue.ready(ModelName("m", 11))
    with pytest.raises(ModelNotFoundError, match="models/m/versions/3; known are: models/m/versions/11"):
        catalogue.find(ModelName("m", 3))
    with pytest.raises(ModelNotFoundError, match="models/other; known are: models/m"):
        catalogue.find(ModelName("other", None))


def deny(monkeypatch: pytest.MonkeyPatch, method: str, *denied: Path) -> None:
    """Has a method of some paths fail; a mode would not do, as it keeps nothing from the superuser."""
    real = getattr(Path, method)

    def fake(path: Path, *arguments: Any) -> Any:
        if path in denied:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *arguments)

    monkeypatch.setattr(Path, method, fake)


@pytest.mark.parametrize("method", ["iterdir", "is_dir"])
def test_a_folder_that_cannot_be_read_fails_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    graph, manifest = packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1)
    for model in ("bad", "good"):
        packages.write_package(tmp_path, model, graph, manifest)
    deny(monkeypatch, method, tmp_path / "bad")
    if method == "is_dir":
        deny(monkeypatch, "iterdir", tmp_path / "bad")
    assert failure(tmp_path) == "Permission denied: bad"
    catalogue = load(tmp_path).catalogue
    assert isinstance(catalogue.default("good"), ReadyPackage)
    # Whichever version is asked for, the folder is what is wrong.
    for version in (None, 1):
        with pytest.raises(ModelFailedError, match="models/bad could not be loaded: Permission denied: bad"):
            catalogue.ready(ModelName("bad", version))


async def test_a_model_whose_versions_are_not_known_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad").mkdir()
    deny(monkeypatch, "iterdir", tmp_path / "bad")
    service: Any = ModelService(load(tmp_path))
    (model,) = (await service.ListModels(model_pb2.ListModelsRequest(), None)).models
    assert model == model_pb2.Model(
        name="models/bad",
        version="models/bad/versions/0",
        state=model_pb2.MODEL_STATE_FAILED,
        state_reason="Permission denied: bad",
    )


def test_a_version_that_cannot_be_read_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (1, 2):
        packages.write_package(tmp_path, "m", packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1), version)
    deny(monkeypatch, "is_dir", tmp_path / "m" / "2")
    deny(monkeypatch, "open", tmp_path / "m" / "2" / "manifest.json")
    newest, older = load(tmp_path).catalogue.models["m"]
    assert newest == FailedPackage("m", 2, "Permission denied: manifest.json")
    assert isinstance(older, ReadyPackage)


def test_what_is_no_package_is_skipped(tmp_path: Path) -> None:
    for folder in ("Not A Model/1", "model/latest", "model/01", ".hidden/1", "model/.tmp"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "README.md").write_text("text")
    assert load(tmp_path).catalogue.models == {}


def test_loading_again_replaces_the_catalogue(tmp_path: Path) -> None:
    repository = load(tmp_path)
    before = repository.catalogue
    packages.write_package(tmp_path, "m", packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1))
    repository.load()
    assert before.models == {}
    assert list(repository.catalogue.models) == ["m"]


def test_manifests_may_use_the_other_spelling_of_proto_json(tmp_path: Path) -> None:
    folder = packages.write_package(tmp_path, "m", packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1))
    content = json.loads((folder / "manifest.json").read_text())
    content["formatVersion"] = content.pop("format_version")
    content["graph"]["batchSize"] = content["graph"].pop("batch_size")
    (folder / "manifest.json").write_text(json.dumps(content))
    assert isinstance(load(tmp_path).catalogue.find(ModelName("m", None)), ReadyPackage)
