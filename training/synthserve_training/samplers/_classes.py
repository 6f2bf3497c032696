"""What the samplers that know the classes of the training data share."""

import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.errors import RecipeError
from synthserve_training.networks import Networks
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed


def encoded_means(networks: Networks, preprocessed: Preprocessed) -> NDArray[np.float32]:
    """Encodes the training data to the means of their posteriors, [n, latent_size].

    Raises:
        RecipeError: The networks have no encoder.
    """
    if networks.encoder is None:
        raise RecipeError("this sampler needs an encoder, which the networks do not have: use kind = 'prior'")
    means, _ = networks.encoder(preprocessed.samples, training=False)
    return np.asarray(means)


def class_codes(preprocessed: Preprocessed, column: str | None) -> NDArray[np.int64]:
    """The class of each training sample: the codes of a column, or 0 throughout where no column is named.

    Raises:
        RecipeError: The data have no such column of categories.
    """
    if column is None:
        return np.zeros(len(preprocessed.samples), np.int64)
    if column not in preprocessed.classes:
        known = ", ".join(preprocessed.classes) or "none"
        raise RecipeError(f"the sampler's condition {column!r} is not a column of categories; those are: {known}")
    return preprocessed.classes[column]


def pick(weights: Tensor, at: Tensor) -> Tensor:
    """Picks an index by weight: the inverse of the cumulative distribution.

    Args:
        weights: float32 [n, k], each row with a positive sum.
        at: float32 [n], in [0, 1]: where in the distribution to look.

    Returns:
        int64 [n]: an index whose weight is positive.
    """
    cumulative = ops.cumsum(weights, axis=-1)
    # The comparison is strict at 0 and stays below the sum at 1, so that weight 0 is never picked.
    target = ops.clip(at, 1e-7, 1.0 - 1e-6)[:, None] * cumulative[:, -1:]
    return ops.cast(ops.argmax(ops.cast(cumulative > target, "int32"), axis=-1), "int64")
