"""The kernel distance KID (Bińkowski et al. 2018, arXiv:1801.01401): unbiased, so that it does not depend on N."""

import numpy as np
from numpy.typing import NDArray

SUBSETS = 100
SUBSET_SIZE = 1000


def kernel_distance(
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    generator: np.random.Generator,
    *,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
) -> tuple[float, float]:
    """The squared maximum mean discrepancy with the kernel (x·y / size + 1)^3, over random subsets.

    Args:
        first: Features [n, size].
        second: Features [m, size].
        generator: Chooses the subsets.
        subsets: How many.
        subset_size: Of each; half of the features, if that is less: equal subsets would have no spread.

    Returns:
        Mean and standard deviation over the subsets. The mean can be a little below 0.
    """
    size = size_of_subsets(min(len(first), len(second)), subset_size)
    estimates = [
        discrepancy(
            first[generator.choice(len(first), size, replace=False)],
            second[generator.choice(len(second), size, replace=False)],
        )
        for _ in range(subsets)
    ]
    return float(np.mean(estimates)), float(np.std(estimates, ddof=1))


def size_of_subsets(features: int, most: int = SUBSET_SIZE) -> int:
    """The size of a subset of so many features."""
    return max(2, min(most, features // 2))


def discrepancy(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The unbiased estimate of two sets of features [n, size], n at least 2."""
    return _mean_of_pairs(first) + _mean_of_pairs(second) - 2.0 * float(_kernel(first, second).mean())


def _mean_of_pairs(features: NDArray[np.float32]) -> float:
    kernel = _kernel(features, features)
    count = len(kernel)
    # Without the diagonal: the biased estimate counts each sample as a pair with itself.
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def _kernel(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    base = (first @ second.T).astype(np.float64) / first.shape[1] + 1.0
    kernel: NDArray[np.float64] = base * base * base  # many times as fast as a power
    return kernel
