"""Graphs that are not what their manifest says: refused when they are loaded, with a reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import every_type
from tests.fixtures.packages import write_package_2

from synthserve_core.compute.devices import CPU
from synthserve_core.errors import GraphError
from synthserve_core.packages.reading import load_package

Change = Callable[[dict[str, Any]], Any]


def _part(lists: str, name: str, /, **fields: Any) -> Change:
    """Changes an input, an output, a column or a condition."""

    def change(content: dict[str, Any]) -> None:
        method = content["methods"][0]
        found = {**method, **content["table"], "conditions": content["conditions"]}[lists]
        (part,) = (one for one in found if name in (one.get("name"), one.get("column")))
        part |= fields

    return change


def _noise(*shape: int) -> Change:
    return _part("inputs", "dice", noise={"distribution": "NOISE_DISTRIBUTION_UNIFORM", "shape": list(shape)})


def _without_level(content: dict[str, Any]) -> None:
    content["conditions"] = [one for one in content["conditions"] if one["column"] != "level"]
    method = content["methods"][0]
    method["inputs"] = [one for one in method["inputs"] if one["name"] != "level?"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_noise(12), "the graph's input 'dice' has the shape ['batch', 3, 4], not ['batch', 12] as the manifest says"),
        (
            _noise(4, 3),
            "the graph's input 'dice' has the shape ['batch', 3, 4], not ['batch', 4, 3] as the manifest says",
        ),
        (_noise(), "the graph's input 'dice' has the shape ['batch', 3, 4], not ['batch'] as the manifest says"),
        (
            _part("inputs", "city?", condition={"column": "city", "shared": True}),
            "the graph's input 'city?' has the shape ['batch', 5], not [1, 5] as the manifest says",
        ),
        (
            _part("inputs", "grade?", condition={"column": "grade"}),
            "the graph's input 'grade?' has the shape [1, 5], not ['batch', 5] as the manifest says",
        ),
        (
            _part("columns", "city", categories=["東京"]),
            "the graph's input 'city?' has the shape ['batch', 5], not ['batch', 1] as the manifest says",
        ),
        (
            _part("conditions", "level", kind="CONDITION_KIND_SET"),
            "the graph's input 'level?' is tensor(int64), not bool as the manifest says",
        ),
        (
            _part("columns", "note", max_bytes=13),
            "the graph's output 'the note' has the shape ['batch', 12], not ['batch', 13] as the manifest says",
        ),
        (
            _part("columns", "bought", type="COLUMN_TYPE_DATE"),
            "the graph's output 'the bought' is tensor(int64), not int32 as the manifest says",
        ),
        (_part("inputs", "dice", name="Dice"), "the graph has no input 'Dice', which the manifest"),
        (_part("outputs", "the id", name="the key"), "the graph has no output 'the key', which the manifest"),
        (_without_level, "the graph has the input 'level?', which the manifest does not"),
    ],
)
def test_a_graph_that_is_not_what_the_manifest_says(tmp_path: Path, change: Change, message: str) -> None:
    folder = write_package_2(tmp_path, "m", every_type.every_type_graph(), every_type.MANIFEST, change=change)
    with pytest.raises(GraphError) as caught:
        load_package(folder, CPU)
    assert str(caught.value).startswith(message)


def test_the_graph_of_every_method_is_checked(tmp_path: Path) -> None:
    def score(content: dict[str, Any]) -> None:
        generate = content["methods"][0]
        content["methods"].append(
            {
                **generate,
                "method": "METHOD_SCORE",
                "inputs": [{"name": "number", "data": {"column": "id"}}],
                "outputs": [{"name": "the ratio", "score": {}}],
            }
        )

    folder = write_package_2(tmp_path, "m", every_type.every_type_graph(), every_type.MANIFEST, change=score)
    with pytest.raises(GraphError, match=r"the graph has the input .*'dice'.*, which the manifest does not"):
        load_package(folder, CPU)
