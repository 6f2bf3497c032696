"""The noise behind every sample: a pure function of seed and index."""

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FRESH: Any = np.random.Philox(key=0).state
"""A state in which nothing has been drawn yet."""

_of_thread = threading.local()

VALUES_PER_BLOCK = 8192
"""The most values that one block of normal noise holds, unless a single sample needs more."""

_WORDS = 4
"""64-bit words per value of the Philox counter."""

_UNIFORM = 1
"""The last word of the counter of uniform noise; that of normal noise is 0."""

_MASK = (1 << 64) - 1


def samples_per_block(values_per_sample: int) -> int:
    """The largest power of two of samples whose values fit into one block; at least 1."""
    fitting = VALUES_PER_BLOCK // max(values_per_sample, 1)
    return 1 << (max(fitting, 1).bit_length() - 1)


def normal(seed: int, start: int, count: int, shape: Sequence[int], stream: int = 0) -> NDArray[np.float32]:
    """Standard normal noise for the samples `[start, start + count)`.

    Sample `i` gets the same values in every call: the indices are divided into blocks of a fixed size, each block is
    drawn as a whole from a Philox generator that is keyed by the seed and positioned by the block, and the values of
    the requested samples are cut out of it. No index costs more than another.

    Args:
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample, from 0 to 2^63 - 1.
        count: How many samples; 0 is allowed.
        shape: The shape of one sample's noise.
        stream: The number of the noise input, from 0; the noise of each is independent of the others.

    Returns:
        float32, `[count, *shape]`.
    """
    values = math.prod(shape)
    size = samples_per_block(values)
    noise = np.empty((count, values), np.float32)
    stop = start + count
    # Setting the state of a generator is several times cheaper than making one, which asks the system for entropy.
    generator = _generator()
    bits = generator.bit_generator
    fresh = _state(seed, stream)
    scratch = np.empty((size, values), np.float32)
    for block in range(start // size, -(-stop // size) if count else start // size):
        # The block's number is the third word of the 256-bit counter, so each block has 2^128 positions of its own.
        fresh["state"]["counter"][2] = block
        bits.state = fresh
        first = block * size
        low, high = max(start, first), min(stop, first + size)
        if high - low == size:
            generator.standard_normal(dtype=np.float32, out=noise[low - start : high - start])
            continue
        # The ziggurat uses up a varying number of words per value, so a block is always drawn from its beginning.
        drawn = scratch[: high - first]
        generator.standard_normal(dtype=np.float32, out=drawn)
        noise[low - start : high - start] = drawn[low - first :]
    return noise.reshape(count, *shape)


def uniform(seed: int, start: int, count: int, shape: Sequence[int], stream: int = 0) -> NDArray[np.float32]:
    """Uniform noise on [0, 1) for the samples `[start, start + count)`.

    With `v` values per sample, value `j` of sample `i` is made from word `i * v + j` of a Philox generator (Salmon et
    al. 2011: 4 words of 64 bits, 10 rounds) with the key `(seed, stream)`. The words are those of the counters
    `(c mod 2^64, c // 2^64, 0, 1)` for c = 1, 2, ..., in order. A value is the highest 24 bits of its word, divided by
    2^24.

    Args:
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample, from 0 to 2^63 - 1.
        count: How many samples; 0 is allowed.
        shape: The shape of one sample's noise.
        stream: The number of the noise input, from 0; the noise of each is independent of the others.

    Returns:
        float32, `[count, *shape]`: whole numbers below 2^24, divided by 2^24.
    """
    values = math.prod(shape)
    before, skipped = divmod(start * values, _WORDS)
    state = _state(seed, stream)
    # NumPy increments the counter before it generates words, so this is the counter of the preceding words.
    state["state"]["counter"][:] = before & _MASK, before >> 64, 0, _UNIFORM
    bits = _generator().bit_generator
    bits.state = state
    words: NDArray[np.uint64] = bits.random_raw(skipped + count * values)[skipped:]
    return ((words >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)).reshape(count, *shape)


def _state(seed: int, stream: int) -> Any:  # noqa: ANN401 - the state of a generator
    return _FRESH | {"state": {"counter": np.zeros(4, np.uint64), "key": np.array([seed, stream], np.uint64)}}


def _generator() -> np.random.Generator:
    """This thread's generator, in any state."""
    if not hasattr(_of_thread, "generator"):
        _of_thread.generator = np.random.Generator(np.random.Philox(key=0))
    generator: np.random.Generator = _of_thread.generator
    return generator
