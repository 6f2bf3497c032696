import copy
import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import packages

from synthserve.v1 import model_pb2
from synthserve_core.compute.devices import CPU
from synthserve_core.contract.names import ModelName
from synthserve_server.errors import ModelFailedError, ModelNotFoundError
from synthserve_server.models.catalogue import FailedPackage, ReadyPackage
from synthserve_server.models.repository import Repository
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


WRONG: list[tuple[Change, str]] = [
    (lambda m: m.update(model="other"), "is for 'other' version 1, but lies in the folder bad/1"),
    (lambda m: m["graph"].update(file="absent.onnx"), "No such file or directory: absent.onnx"),
    (lambda m: m["graph"].update(sha256="0" * 64), "has the SHA-256"),
    (lambda m: m["table"]["columns"][0].update(name="x" * 10_000), "…"),
    (lambda m: m["table"]["columns"][0].update(surprise=1), "surprise"),
    (lambda m: m["table"]["columns"][0].update(name="width"), "no output 'width'"),
]


@pytest.mark.parametrize(("change", "reason"), WRONG, ids=[reason for _, reason in WRONG])
def test_a_manifest_that_is_wrong_fails_its_model(tmp_path: Path, change: Change, reason: str) -> None:
    packages.write_package(
        tmp_path, "bad", packages.table_graph(), copy.deepcopy(packages.TABLE_MANIFEST), change=change
    )
    packages.write_package(tmp_path, "good", packages.image_graph(4, 4, 1), packages.image_manifest(4, 4, 1))
    assert reason in failure(tmp_path)
    assert isinstance(load(tmp_path).catalogue.find(ModelName("good", None)), ReadyPackage)


def test_a_truncated_graph_fails_its_model(tmp_path: Path) -> None:
    whole = packages.image_graph(4, 4, 1)
    packages.write_package(tmp_path, "bad", whole[: len(whole) // 2], packages.image_manifest(4, 4, 1))
    assert failure(tmp_path) == "the graph is not an ONNX model"


def test_a_folder_without_manifest_is_a_failed_model(tmp_path: Path) -> None:
    (tmp_path / "bad" / "1").mkdir(parents=True)
    assert failure(tmp_path) == "No such file or directory: manifest.json"


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
    context: Any = None
    service = ModelService(load(tmp_path))
    (model,) = (await service.list_models(model_pb2.ListModelsRequest(), context)).models
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
