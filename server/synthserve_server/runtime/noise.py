"""The noise behind every sample: a pure function of seed and index."""

import math
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_FRESH = np.random.Philox(key=0).state
"""A state in which nothing has been drawn yet."""

_of_thread = threading.local()

VALUES_PER_BLOCK = 8192
"""The most values that one block of noise holds, unless a single sample needs more."""


def samples_per_block(values_per_sample: int) -> int:
    """The largest power of two of samples whose values fit into one block; at least 1."""
    fitting = VALUES_PER_BLOCK // max(values_per_sample, 1)
    return 1 << (max(fitting, 1).bit_length() - 1)


def latents(seed: int, start: int, count: int, shape: Sequence[int]) -> NDArray[np.float32]:
    """Standard normal noise for the samples `[start, start + count)`.

    Sample `i` gets the same values in every call: the indices are divided into blocks of a fixed size, each block is
    drawn as a whole from a Philox generator that is keyed by the seed and positioned by the block, and the values of
    the samples asked for are cut out of it. No index costs more than another.

    Args:
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample, from 0 to 2^63 - 1.
        count: How many samples; 0 is allowed.
        shape: The shape of one sample's noise.

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
    fresh = _FRESH | {"state": {"counter": np.zeros(4, np.uint64), "key": np.array([seed, 0], np.uint64)}}
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


def _generator() -> np.random.Generator:
    """This thread's generator, in any state."""
    if not hasattr(_of_thread, "generator"):
        _of_thread.generator = np.random.Generator(np.random.Philox(key=0))
    generator: np.random.Generator = _of_thread.generator
    return generator
