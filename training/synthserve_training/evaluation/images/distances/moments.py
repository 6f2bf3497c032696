"""Mean and covariance of a stream of features, in memory that does not grow with it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray


class Moments:
    """Count, mean and scatter (the sum of outer products of deviations) of vectors, in float64.

    Blocks are joined by the update of Chan, Golub and LeVeque (1979), which avoids the cancellation of sums of squares.

    Attributes:
        count: How many vectors were added.
        mean: [size].
        scatter: [size, size].
    """

    def __init__(self, size: int) -> None:
        """Starts without vectors.

        Args:
            size: Width of the vectors.
        """
        self.count = 0
        self.mean = np.zeros(size)
        self.scatter = np.zeros((size, size))

    def add(self, vectors: NDArray[np.floating]) -> None:
        """Adds vectors [n, size]. Larger blocks are faster: each costs one pass over the scatter."""
        if len(vectors):
            block = vectors.astype(np.float64)
            mean = block.mean(axis=0)
            block -= mean
            self._join(len(block), mean, block.T @ block)

    def joined(self, other: "Moments") -> "Moments":
        """The moments of both sets of vectors together."""
        result = Moments(len(self.mean))
        result._join(self.count, self.mean, self.scatter)
        result._join(other.count, other.mean, other.scatter)
        return result

    @property
    def covariance(self) -> NDArray[np.float64]:
        """The unbiased estimate, [size, size].

        Raises:
            ValueError: There are fewer than two vectors.
        """
        if self.count < 2:
            raise ValueError(f"a covariance needs at least 2 vectors, there are {self.count}")
        return self.scatter / (self.count - 1)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The state, to be kept in a file."""
        return {"count": np.array(self.count, np.int64), "mean": self.mean, "scatter": self.scatter}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Moments":
        """The moments whose `arrays` these are."""
        moments = cls(len(arrays["mean"]))
        moments._join(int(arrays["count"]), arrays["mean"].astype(np.float64), arrays["scatter"].astype(np.float64))
        return moments

    def _join(self, count: int, mean: NDArray[np.float64], scatter: NDArray[np.float64]) -> None:
        total = self.count + count
        if not total:
            return
        shift = mean - self.mean
        self.scatter += scatter
        self.scatter += np.outer(shift, shift) * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.count = total
