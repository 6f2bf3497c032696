"""Samples in this process: cut into frames, whatever their size."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.fixtures.packages import graph, write_package_2

import synthserve_core
from synthserve_core import ConditionError, Equals

LONGEST = 1 << 16


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose rows are texts of 64 KiB: one letter, repeated."""
    node = helper.make_node
    nodes = [
        node("Mul", ["dice", "letters"], ["part"]),
        node("Floor", ["part"], ["place"]),
        node("Add", ["place", "first"], ["letter"]),
        node("Expand", ["letter", "shape"], ["letters of a row"]),
        node("Cast", ["letters of a row"], ["text"], to=TensorProto.UINT8),
    ]
    constants: dict[str, Any] = {
        "letters": np.float32(26),
        "first": np.float32(97),
        "shape": np.array([1, LONGEST], np.int64),
    }
    noise = {"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": [1]}
    manifest = {
        "table": {"columns": [{"name": "text", "type": "COLUMN_TYPE_STRING", "max_bytes": LONGEST}]},
        "methods": [
            {
                "method": "METHOD_GENERATE",
                "batch_size": 64,
                "inputs": [{"name": "dice", "noise": noise}],
                "outputs": [{"name": "text", "column": "text"}],
            }
        ],
    }
    onnx_model = graph(nodes, [("dice", "float32", [1])], [("text", "uint8", [LONGEST])], constants)
    return write_package_2(tmp_path_factory.mktemp("models"), "texts", onnx_model, manifest)


def test_large_rows_are_computed_a_few_at_a_time(texts: Path) -> None:
    column = synthserve_core.load(texts).rows(seed=7, count=100, start=3).column("text")
    assert max(len(chunk) for chunk in column.chunks) <= 16
    values = column.to_pylist()
    assert len(values) == 100
    assert all(value == value[0] * LONGEST for value in values)
    assert len(set(values)) > 15


def test_rows_and_pictures_are_not_each_other(texts: Path, repository: Path) -> None:
    with pytest.raises(TypeError, match="generates rows, not images"):
        next(synthserve_core.load(texts).pictures(seed=0, count=1))
    with pytest.raises(TypeError, match="generates images, not rows"):
        synthserve_core.load(repository / "tiny-grey" / "1").rows(seed=0, count=1)


def test_conditions_that_the_model_does_not_take_are_refused(texts: Path) -> None:
    with pytest.raises(ConditionError, match="'text'"):
        synthserve_core.load(texts).samples(seed=0, count=1, where={"text": Equals("a")})


def test_no_rows(texts: Path) -> None:
    assert synthserve_core.load(texts).rows(seed=0, count=0).num_rows == 0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"seed": -1}, "seed must be a whole number from 0 to"),
        ({"seed": 1 << 63}, "seed must be a whole number from 0 to"),
        ({"seed": 1.5}, "seed must be a whole number from 0 to"),
        ({"count": -1}, "count must be a whole number from 0 to"),
        ({"start": -1}, "start must be a whole number from 0 to"),
        ({"start": (1 << 63) - 1}, "must stay below 2\\^63"),
    ],
)
def test_numbers_have_the_bounds_of_the_server(texts: Path, numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        synthserve_core.load(texts).rows(**{"seed": 7, "count": 1, **numbers})


def test_the_folder_of_a_model_means_its_newest_version(repository: Path) -> None:
    assert synthserve_core.load(repository / "tiny-table").model.version == 2


def test_pictures_refuse_at_once(texts: Path) -> None:
    with pytest.raises(TypeError, match="generates rows, not images"):
        synthserve_core.load(texts).pictures(seed=0, count=1)
