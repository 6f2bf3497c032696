"""The weights of a trained network, token by token, as the graph takes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class HeadWeights:
    """The weights of one token. Its size is called K here, that of the running sum H, those of its layers Q and R.

    Attributes:
        embeddings: float32 [`Token.rows`, H]; row 0: unknown, the others: `Token.row`.
        first: float32 [H, Q], and its biases [Q].
        second: float32 [Q, R], and its biases [R].
        last: float32 [R, K], and its biases [K].
        context_scores: float32 [contexts, K], or None.
        class_kernel: float32 [R, classes], or None.
    """

    embeddings: NDArray[np.float32]
    first: tuple[NDArray[np.float32], NDArray[np.float32]]
    second: tuple[NDArray[np.float32], NDArray[np.float32]]
    last: tuple[NDArray[np.float32], NDArray[np.float32]]
    context_scores: NDArray[np.float32] | None = None
    class_kernel: NDArray[np.float32] | None = None

    @property
    def units(self) -> float:
        """How many units of the scores make one natural logarithm."""
        return 1.0

    @property
    def embedding_step(self) -> float:
        """Embeddings are whole multiples of it; 0: any numbers."""
        return 0.0

    def hidden(self, state: NDArray[np.float32]) -> NDArray[np.float32]:
        """The second hidden layer of the head: float32 [n, H], the running sum, to [n, R]."""
        hidden = self.activated(self.seen(state) @ self.first[0] + self.first[1])
        return self.activated(hidden @ self.second[0] + self.second[1])

    def seen(self, state: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the head sees of the running sum, [n, H]."""
        return state

    def activated(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The activation of a layer, [n, Q] or [n, R]."""
        return np.maximum(values, 0)

    def raised(self, shift: NDArray[np.float32]) -> Self:
        """These weights with scores that are higher by `shift`, [K], in natural logarithms."""
        return replace(self, last=(self.last[0], self.last[1] + self._units(shift)))

    def raised_in_context(self, shift: NDArray[np.float32]) -> Self:
        """As `raised`, for each context of its own: [contexts, K]; the token has learnt scores of contexts."""
        before = np.float32(0) if self.context_scores is None else self.context_scores
        return replace(self, context_scores=before + self._units(shift))

    def _units(self, logarithms: NDArray[np.float32]) -> NDArray[np.float32]:
        return logarithms


Weights = Sequence[HeadWeights]
"""One for each token, in the order in which they are drawn."""
