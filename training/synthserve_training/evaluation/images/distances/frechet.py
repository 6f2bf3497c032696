"""The Fréchet distance between Gaussians, which defines FID (Heusel et al. 2017, arXiv:1706.08500)."""

import numpy as np
from numpy.typing import NDArray

from synthserve_training.evaluation.images.distances.moments import Moments


def frechet_distance(first: Moments, second: Moments) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), the squared distance of the Gaussians with these moments.

    The trace is that of the root of C1^(1/2) C2 C1^(1/2), which has the same eigenvalues as C1 C2 and is symmetric. So
    singular covariances, which fewer samples than features give, need no correction, and the result is real.
    """
    root = _square_root(first.covariance)
    product = root @ second.covariance @ root
    eigenvalues = np.linalg.eigvalsh((product + product.T) / 2)
    shift = first.mean - second.mean
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    distance = shift @ shift + traces - 2.0 * np.sqrt(eigenvalues.clip(min=0.0)).sum()
    return max(float(distance), 0.0)


def _square_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    return root
