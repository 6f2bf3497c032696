# Requests of all kinds.

import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub

PNG, JPEG, RAW = (
    generation_pb2.IMAGE_FORMAT_PNG,
    generation_pb2.IMAGE_FORMAT_JPEG,
    generation_pb2.IMAGE_FORMAT_RAW,
)


def stream(stub: GenerationServiceStub, **fields: Any) -> list[generation_pb2.GenerateImagesResponse]:
    request = generation_pb2.GenerateImagesRequest(**{"model": "models/tiny-grey", "seed": 7, **fields})
    return list(stub.GenerateImages(request))


def images_of(responses: list[generation_pb2.GenerateImagesResponse]) -> list[bytes]:
    return [image for response in responses for image in response.images]


def pixels(data: bytes) -> Any:
    return np.asarray(PIL.Image.open(io.BytesIO(data)))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 300), max_size=4),
    hint=st.sampled_from([0, 1, 3, 64, 2**31 - 1]),
    image_format=st.sampled_from([PNG, JPEG, RAW]),
    model=st.sampled_from(["models/tiny-grey", "models/tiny-rgb"]),
)
def test_any_cut_gives_the_same_bytes(
    generation: GenerationServiceStub,
    cuts: list[int],
    hint: int,
    image_format: int,
    model: str,
) -> None:
    whole = images_of(stream(generation, model=model, count=300, format=image_format))
    images = []
    for start, end in itertools.pairwise([0, *sorted(cuts), 300]):
        responses = stream(
            generation,
            model=model,
            offset=start,
            count=end - start,
            images_per_message=hint,
            format=image_format,
        )
        firsts = [response.first_index for response in responses]
        assert firsts == [start + sum(len(r.images) for r in responses[:i]) for i in range(len(responses))]
        assert all(len(response.images) <= hint for response in responses) or not hint
        images += images_of(responses)
    assert images == whole


@pytest.mark.parametrize("image_format", [PNG, JPEG])
def test_concurrent_streams_give_the_same_bytes(generation: GenerationServiceStub, image_format: int) -> None:
    def run(seed: int, hint: int = 0) -> list[bytes]:
        return images_of(stream(generation, seed=seed, count=200, images_per_message=hint, format=image_format))

    seeds = [7, 1, 7, 2, 7, 3, 7, 7]
    alone = {seed: run(seed) for seed in set(seeds)}
    assert len({tuple(images) for images in alone.values()}) == 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, seeds, range(10, 90, 10))) == [alone[seed] for seed in seeds]


@pytest.mark.parametrize(("model", "shape"), [("models/tiny-grey", (28, 28)), ("models/tiny-rgb", (20, 30, 3))])
def test_formats_agree(generation: GenerationServiceStub, model: str, shape: tuple[int, ...]) -> None:
    png, jpeg, raw = (stream(generation, model=model, count=6, format=form) for form in (PNG, JPEG, RAW))
    assert [s[0].info.media_type for s in (png, jpeg, raw)] == ["image/png", "image/jpeg", "application/octet-stream"]
    for one, other, bare in zip(images_of(png), images_of(jpeg), images_of(raw), strict=True):
        expected = np.frombuffer(bare, np.uint8).reshape(shape)
        assert np.array_equal(pixels(one), expected)
        assert pixels(other).shape == shape


def test_png_is_the_default_and_names_its_sample(generation: GenerationServiceStub) -> None:
    responses = stream(generation, offset=10**12, count=9)
    for index, data in enumerate(images_of(responses), 10**12):
        image: Any = PIL.Image.open(io.BytesIO(data))
        image.load()
        assert image.text["synthserve"] == f"tiny-grey/1?seed=7&index={index}"
        assert "trainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]


def test_the_first_response_is_small_and_says_what_holds_for_the_stream(generation: GenerationServiceStub) -> None:
    first, *others = stream(generation, count=1000)
    assert first.info.model == "models/tiny-grey/versions/1"
    assert (first.info.schema.height, first.info.schema.width, first.info.schema.channels) == (28, 28, 1)
    assert len(first.images) == 4
    assert not any(response.HasField("info") for response in others)
    assert max(len(response.images) for response in others) == 128


def test_jpeg_quality(generation: GenerationServiceStub) -> None:
    sizes = [
        sum(map(len, images_of(stream(generation, count=10, format=JPEG, jpeg_quality=quality))))
        for quality in (1, 50, 95, 0)
    ]
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3]


def test_no_images_give_one_response(generation: GenerationServiceStub) -> None:
    (response,) = stream(generation, count=0, offset=3)
    assert response.info.model
    assert (response.first_index, len(response.images)) == (3, 0)
