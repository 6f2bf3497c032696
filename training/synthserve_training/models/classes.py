"""The classes of the training data, as samplers and heads need them."""

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_core.contract.model import UNSET_CODE
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import RecipeError
from synthserve_training.models.networks import Networks
from synthserve_training.types import Tensor


def encoded_means(networks: Networks, preprocessed: Preprocessed) -> NDArray[np.float32]:
    """Encodes the training data to the means of their posteriors, [n, latent_size].

    Raises:
        RecipeError: The networks have no encoder.
    """
    means, _ = _encoder(networks)(preprocessed.samples[:], training=False)
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


def class_count(preprocessed: Preprocessed, column: str | None) -> int:
    """How many classes a column has, those that no training sample has among them; 1 where no column is named."""
    return 1 if column is None else len(preprocessed.categories[column])


def check_classes(networks: Networks, preprocessed: Preprocessed, column: str | None, least: int) -> None:
    """Checks that there is an encoder, and that each class of a column has at least so many training samples.

    Raises:
        RecipeError: There is none, the column is not one of categories, or a class has fewer.
    """
    _encoder(networks)
    codes = class_codes(preprocessed, column)
    for code, name in enumerate(() if column is None else preprocessed.categories[column]):
        rows = np.count_nonzero(codes == code)
        if rows < least:
            raise RecipeError(
                f"the sampler needs {least} rows of each {column}, and {name!r} has {rows}: leave it out with "
                f"min_category_rows = {least} in [preprocessing], or give it the label of another"
            )


def unset(noise: Tensor) -> Tensor:
    """The codes of samples for which no class is asked for: -1 throughout, int32 [n], as JAX has no int64.

    Args:
        noise: [n, values].
    """
    return ops.cast(ops.zeros_like(noise[:, 0]), "int32") + UNSET_CODE


def _encoder(networks: Networks) -> keras.Model:
    if networks.encoder is None:
        raise RecipeError("this sampler needs an encoder, which the networks do not have: use kind = 'prior'")
    return networks.encoder
