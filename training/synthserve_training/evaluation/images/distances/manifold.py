"""Whether samples resemble real ones, and cover all kinds of real ones, by balls around features.

Precision and recall after Kynkäänniemi et al. 2019 (arXiv:1904.06991), density and coverage after Naeem et al. 2020
(arXiv:2002.09797), which are less sensitive to a few outliers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRECISION_NEIGHBOUR = 3
DENSITY_NEIGHBOUR = 5
_BLOCK = 512


@dataclass(frozen=True)
class Manifold:
    """Shares from 0 to 1; density can be larger, and is about 1 for real samples.

    Attributes:
        precision: Share of generated samples inside a ball around a real one.
        recall: Share of real samples inside a ball around a generated one.
        density: In how many balls around real samples a generated one is, divided by the number for a real one.
        coverage: Share of real samples with a generated one inside their ball.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def measure(real: NDArray[np.float32], generated: NDArray[np.float32]) -> Manifold:
    """Compares features [n, size] and [m, size]. Use equal numbers of both: the balls shrink as n grows."""
    narrow = radii(real, PRECISION_NEIGHBOUR)
    wide = radii(real, DENSITY_NEIGHBOUR)
    generated_radii = radii(generated, PRECISION_NEIGHBOUR)
    precise = np.zeros(len(generated), np.bool_)
    inside = 0
    recalled, covered = np.zeros(len(real), np.bool_), np.zeros(len(real), np.bool_)
    for start in range(0, len(real), _BLOCK):
        rows = slice(start, start + _BLOCK)
        distance = squared_distances(real[rows], generated)
        precise |= (distance <= narrow[rows, None]).any(axis=0)
        recalled[rows] = (distance <= generated_radii).any(axis=1)
        within = distance <= wide[rows, None]
        inside += int(within.sum())
        covered[rows] = within.any(axis=1)
    return Manifold(
        precision=float(precise.mean()),
        recall=float(recalled.mean()),
        density=inside / (DENSITY_NEIGHBOUR * len(generated)),
        coverage=float(covered.mean()),
    )


def radii(features: NDArray[np.float32], neighbour: int) -> NDArray[np.float64]:
    """The squared distance of each of [n, size] to its nth nearest other, [n].

    Raises:
        ValueError: There are too few others.
    """
    if len(features) <= neighbour:
        raise ValueError(f"{len(features)} features have no {neighbour} neighbours each")
    nearest = np.empty(len(features))
    for start in range(0, len(features), _BLOCK):
        rows = slice(start, start + _BLOCK)
        distance = squared_distances(features[rows], features)
        distance[np.arange(len(distance)), np.arange(start, start + len(distance))] = -1.0  # itself is the first
        nearest[rows] = np.partition(distance, neighbour, axis=1)[:, neighbour]
    return nearest


def squared_distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Between each of [n, size] and each of [m, size], [n, m]; in float64, since near ones are small differences."""
    left = first.astype(np.float64)
    squares = np.square(left).sum(axis=1)[:, None]
    distances = np.empty((len(first), len(second)))
    for start in range(0, len(second), _BLOCK):  # so that they are never all in memory as float64
        right = second[start : start + _BLOCK].astype(np.float64)
        part = distances[:, start : start + _BLOCK]
        np.subtract(squares + np.square(right).sum(axis=1), 2.0 * (left @ right.T), out=part)
    return np.maximum(distances, 0.0, out=distances)
