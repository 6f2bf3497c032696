"""Uniform noise against Philox in plain Python, and the streams of both kinds of noise."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures import philox

from synthserve_core.compute.noise import normal, uniform

LARGEST = 2**63 - 1
ONES = 2**64 - 1

SEEDS = st.one_of(st.integers(0, LARGEST), st.sampled_from([0, LARGEST]))
SHAPES = st.sampled_from([(), (1,), (3,), (4,), (5,), (2, 3), (1, 1, 7)])
# Behind the largest index lie the samples that fill the last packet.
INDICES = st.one_of(st.integers(0, 5000), st.integers(0, LARGEST), st.integers(LARGEST - 20, LARGEST))
STREAMS = st.integers(0, 20)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
        ),
        (
            (ONES, ONES, ONES, ONES),
            (ONES, ONES),
            (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
        ),
        (
            (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
            (0x452821E638D01377, 0xBE5466CF34E90C6C),
            (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
        ),
    ],
)
def test_the_independent_philox_gives_the_published_vectors(
    counter: philox.Block, key: tuple[int, int], words: philox.Block
) -> None:
    assert philox.philox(counter, key) == words


@given(seed=SEEDS, start=INDICES, count=st.integers(0, 12), shape=SHAPES, stream=STREAMS)
def test_uniform_noise_is_that_of_the_independent_philox(
    seed: int, start: int, count: int, shape: tuple[int, ...], stream: int
) -> None:
    found = uniform(seed, start, count, shape, stream)
    assert found.dtype == np.float32
    assert found.shape == (count, *shape)
    np.testing.assert_array_equal(found, philox.uniform(seed, start, count, shape, stream))


@given(seed=SEEDS, start=INDICES, counts=st.lists(st.integers(0, 60), min_size=1, max_size=4), shape=SHAPES)
def test_any_cut_gives_the_same(seed: int, start: int, counts: list[int], shape: tuple[int, ...]) -> None:
    whole = uniform(seed, start, sum(counts), shape)
    starts = [start + sum(counts[:i]) for i in range(len(counts))]
    parts = [uniform(seed, first, count, shape) for first, count in zip(starts, counts, strict=True)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_the_counter_carries_into_its_second_word() -> None:
    # 16 values a sample: the counter of sample 2^62 is 2^64.
    start = 2**62 - 3
    np.testing.assert_array_equal(uniform(5, start, 6, (16,)), philox.uniform(5, start, 6, (16,)))


@given(seed=SEEDS, streams=st.lists(STREAMS, min_size=2, max_size=2, unique=True))
def test_streams_of_uniform_noise_differ_in_every_sample(seed: int, streams: list[int]) -> None:
    one, other = (uniform(seed, 0, 64, (8,), stream) for stream in streams)
    assert (one != other).any(axis=1).all()


@given(seed=SEEDS, streams=st.lists(STREAMS, min_size=2, max_size=2, unique=True))
def test_streams_of_normal_noise_differ_in_every_sample(seed: int, streams: list[int]) -> None:
    one, other = (normal(seed, 0, 64, (8,), stream) for stream in streams)
    assert (one != other).any(axis=1).all()


def test_streams_are_uncorrelated_and_so_are_seeds() -> None:
    drawn = np.stack([uniform(seed, 0, 50_000, (), stream) for seed in (0, 1) for stream in (0, 1, 2)])
    correlations = np.corrcoef(drawn) - np.eye(6)
    assert np.abs(correlations).max() < 0.02  # four and a half standard deviations


def test_uniform_values_are_whole_numbers_below_2_to_the_24_over_2_to_the_24() -> None:
    values = uniform(3, 0, 200_000, ()).astype(np.float64)
    whole = values * 2**24
    assert (whole == np.floor(whole)).all()
    assert values.min() >= 0
    assert values.max() < 1
    counts, _ = np.histogram(values, 16, (0, 1))
    assert (np.abs(counts - 12_500) < 5 * np.sqrt(12_500)).all()


def test_normal_noise_of_the_first_stream_is_that_of_format_1() -> None:
    # The digest was taken when there was no other stream.
    drawn = hashlib.sha256()
    for seed, start, count, shape in (
        (0, 0, 1, ()),
        (7, 0, 5000, (5,)),
        (LARGEST, LARGEST - 99, 99, (3, 2)),
        (42, 123_456_789, 17, (9000,)),
        (1, 2**40 + 3, 300, (4, 4, 1)),
    ):
        drawn.update(normal(seed, start, count, shape, stream=0).astype("<f4").tobytes())
    assert drawn.hexdigest() == "15ba93f4709d4e2f2fb91391381169eab7ddc75fe20af83d46184327c46916d1"
