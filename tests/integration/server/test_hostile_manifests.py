"""Packages of format 2 that ask for too much or contradict themselves, in a real repository: refused, and told why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import every_type, packages

from synthserve_core.compute.devices import CPU
from synthserve_server.models.catalogue import FailedPackage, ReadyPackage
from synthserve_server.models.repository import Repository

UNIFORM = "NOISE_DISTRIBUTION_UNIFORM"

Change = Callable[[dict[str, Any]], Any]


def _noise(*shape: int) -> Change:
    noise = {"distribution": UNIFORM, "shape": list(shape)}
    return lambda content: content["methods"][0]["inputs"][0].update(noise=noise)


def _city(**fields: Any) -> Change:
    return lambda content: content["table"]["columns"][4].update(fields)


def _batches(content: dict[str, Any]) -> None:
    content["methods"][0].update(batch_size=2**20, packet=2**20)
    _noise(1 << 12)(content)


def _score(content: dict[str, Any]) -> None:
    content["methods"].append({**content["methods"][0], "method": "METHOD_SCORE"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_noise(10**6, 10**6), "the shape of the noise of the input 'dice' must hold at most 8 sizes and 268,435,456"),
        (_noise(2**28), "the inputs of the method generate have 1,073,741,"),
        (_batches, "the inputs of the method generate have 4,3"),
        (_city(category_count=10**9), "the column 'city' has 5 categories, not 1,000,000,000"),
        (
            lambda content: content["conditions"][1].update(category_count=10**9),
            "the condition 'city' has 5 categories, not 1,000,000,000",
        ),
        (_city(categories=[str(i) for i in range(200_000)]), "the column 'city' has 200,000 categories; allowed"),
        (_city(categories=["x" * (5 << 20)]), "the column 'city' has a category of 5,242,880 bytes; allowed"),
        (lambda content: content["card"].update(summary="x" * (5 << 20)), "the description of the model has 5,24"),
        (lambda content: content["methods"][0].update(method=77), "a method is not known to this server"),
        (lambda content: content["methods"][0].update(method="METHOD_DREAM"), "the manifest does not fit its schema"),
        (_score, "no input of the method score takes data"),
        (
            lambda content: content["methods"][0]["inputs"].append(content["methods"][0]["inputs"][2]),
            "the inputs of the method generate hold 'number' twice",
        ),
    ],
)
def test_is_refused_with_a_reason(tmp_path: Path, change: Change, reason: str) -> None:
    onnx_model = every_type.every_type_graph()
    packages.write_package_2(tmp_path, "hostile", onnx_model, every_type.MANIFEST, change=change)
    packages.write_package_2(tmp_path, "honest", onnx_model, every_type.MANIFEST)
    repository = Repository(tmp_path, CPU)
    repository.load()
    (hostile,), (honest,) = (repository.catalogue.models[name] for name in ("hostile", "honest"))
    assert isinstance(honest, ReadyPackage)
    assert isinstance(hostile, FailedPackage)
    assert hostile.reason.startswith(reason)
    assert len(hostile.reason) <= 501
