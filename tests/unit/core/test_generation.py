"""What is generated, and what says so in metadata."""

import hashlib

import cv2
import numpy as np
import pytest
from tests.fixtures.models import described

from synthserve_core.contract.conditions import AnyOf, ConditionError, Equals, Missing, Test
from synthserve_core.contract.model import Condition, ConditionKind, Image
from synthserve_core.encoding import images
from synthserve_core.generation import LARGEST, GenerationSpec

DIGIT = Condition("digit", ConditionKind.SET, categories=tuple(f"digit {i}" for i in range(5000)))
MODEL = described(Image(2, 3, 1), 8, [DIGIT])


def _spec(count: int | None = 10, **tests: Test) -> GenerationSpec:
    return GenerationSpec(MODEL, 7, 5, count).where(tests)


def test_where_a_stream_ends() -> None:
    assert _spec().stop == 15
    assert _spec(None).stop == LARGEST


def test_conditions_become_inputs_of_the_graph() -> None:
    spec = _spec(digit=Equals("digit 3"))
    assert np.flatnonzero(spec.settings["digit"]).tolist() == [3]
    with pytest.raises(ConditionError, match="'digit': never has a missing value"):
        _spec(digit=Missing())


def test_provenance() -> None:
    assert _spec(digit=AnyOf(("digit 1", "digit 2"))).provenance() == {
        "synthserve-synthetic": "true",
        "synthserve-model": "models/fake/versions/1",
        "synthserve-seed": "7",
        "synthserve-offset": "5",
        "synthserve-count": "10",
        "synthserve-where": "digit=digit+1%2Cdigit+2",
    }
    assert set(_spec(None).schema_metadata()) == {
        "synthserve.synthetic",
        "synthserve.model",
        "synthserve.seed",
        "synthserve.offset",
    }


def test_the_source_of_an_image() -> None:
    assert _spec().image_source() == ("fake/1?seed=7&index=", "")
    assert _spec(digit=Equals("digit 3")).image_source() == ("fake/1?seed=7&index=", "&where.digit=digit+3")


def test_conditions_that_are_too_long_for_every_image_are_told_as_a_digest() -> None:
    where = "where.digit=" + "%2C".join(f"digit+{i}" for i in range(5000))
    _, after = _spec(digit=AnyOf(DIGIT.categories)).image_source()
    assert after == f"&where-sha256={hashlib.sha256(where.encode()).hexdigest()}"


@pytest.mark.parametrize("file_format", [images.Format.PNG, images.Format.JPEG])
def test_images_under_very_many_values_stay_small(file_format: images.Format) -> None:
    before, after = _spec(digit=AnyOf(DIGIT.categories)).image_source()
    pixels = np.zeros((1, 2, 3, 1), np.uint8)
    (data,) = images.encode(pixels, file_format, 95, [f"{before}9{after}"])
    assert len(data) < images.image_width(2, 3, 1)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    assert decoded.shape == (2, 3)
