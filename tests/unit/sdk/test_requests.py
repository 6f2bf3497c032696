"""From what a caller writes to what is sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synthserve import InvalidRequest, ProtocolError
from synthserve._names import ModelVersion, parse_version, resource_name
from synthserve._samples.requests import images_request, rows_request
from synthserve.v1 import generation_pb2 as pb


def rows(model: Any = "m", **given: Any) -> pb.GenerateRowsRequest:
    fields: dict[str, Any] = {"count": None, "seed": None, "offset": 0, "where": None, "rows_per_message": 0}
    return rows_request(model, **(fields | given))


@pytest.mark.parametrize(
    ("typed", "resource"),
    [
        ("iris-vae", "models/iris-vae"),
        ("iris-vae@1", "models/iris-vae/versions/1"),
        ("iris-vae@007", "models/iris-vae/versions/7"),
        ("models/iris-vae", "models/iris-vae"),
        ("models/iris-vae/versions/12", "models/iris-vae/versions/12"),
    ],
)
def test_names(typed: str, resource: str) -> None:
    assert resource_name(typed) == resource


@pytest.mark.parametrize("typed", ["", "@1", "iris-vae@", "iris-vae@new", "iris-vae@-1", "iris-vae@²", "iris-vae/1"])
def test_what_is_no_name(typed: str) -> None:
    with pytest.raises(InvalidRequest, match="is not a model's name") as raised:
        resource_name(typed)
    assert [violation.field for violation in raised.value.violations] == ["model"]


def test_versions_from_the_server() -> None:
    version = parse_version("models/iris-vae/versions/12")
    assert version == ModelVersion("iris-vae", 12)
    assert resource_name(str(version)) == version.resource == "models/iris-vae/versions/12"
    digits = "9" * 5000
    for bad in (
        "iris-vae",
        "models/iris-vae",
        "models/iris-vae/versions/x",
        "models/a/b/versions/1",
        f"models/a/versions/{digits}",
    ):
        with pytest.raises(ProtocolError):
            parse_version(bad)


def test_what_is_left_out_is_not_sent() -> None:
    request = rows()
    assert request == pb.GenerateRowsRequest(model="models/m")
    assert not request.HasField("count")
    assert not request.HasField("seed")
    assert rows(count=0, seed=0).HasField("count")


def test_numpy_integers_and_conditions_of_all_kinds() -> None:
    where = {"a": "x", "b": 3, "c": 1.5, "d": True, "e": np.bool_(False), "f": np.int64(4)}
    request = rows(count=np.int64(5), offset=np.uint8(6), where=where)
    assert (request.count, request.offset) == (5, 6)
    given = {condition.column: condition.equals for condition in request.conditions}
    assert given == {"a": "x", "b": "3", "c": "1.5", "d": "true", "e": "false", "f": "4"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"count": 2**63}, "count"),
        ({"seed": "7"}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"offset": -(2**63) - 1}, "offset"),
        ({"rows_per_message": 2**31}, "rows_per_message"),
        ({"count": 10**5000}, "count"),
        ({"where": {"species": []}}, "conditions['species']"),
        ({"where": {"species": "\udcff"}}, "conditions['species']"),
        ({"where": {"\udcff": "a"}}, "conditions"),
        ({"where": {3: "a"}}, "conditions"),
        ({"where": ["species"]}, "conditions"),
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"model": "\udcff"}, "model"),
        ({"model": "models/\udcff"}, "model"),
        ({"model": "m@" + "9" * 5000}, "model"),
    ],
)
def test_what_cannot_be_sent(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        rows(**given)
    assert [violation.field for violation in raised.value.violations] == [field]
    assert isinstance(raised.value, ValueError)
    assert len(str(raised.value)) < 200


def test_images() -> None:
    fields: dict[str, Any] = {
        "count": 1,
        "seed": 2,
        "offset": 3,
        "where": {"digit": 7},
        "images_per_message": 4,
        "jpeg_quality": None,
    }
    assert images_request("m", format="png", **fields) == pb.GenerateImagesRequest(
        model="models/m",
        count=1,
        seed=2,
        offset=3,
        conditions=[pb.Condition(column="digit", equals="7")],
        format=pb.IMAGE_FORMAT_PNG,
        images_per_message=4,
    )
    jpeg = images_request("m", format="jpeg", **(fields | {"jpeg_quality": 80}))
    assert (jpeg.format, jpeg.jpeg_quality) == (pb.IMAGE_FORMAT_JPEG, 80)
    with pytest.raises(InvalidRequest, match="png, jpeg, raw, not 'gif'"):
        images_request("m", format="gif", **fields)
