"""What the samplers that know the classes of the training data share."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training.errors import RecipeError
from synthserve_training.networks import Networks
from synthserve_training.objectives import Tensor
from synthserve_training.preprocessing import Preprocessed


def encoded_means(networks: Networks, preprocessed: Preprocessed) -> NDArray[np.float32]:
    """Encodes the training data to the means of their posteriors, [n, latent_size].

    Raises:
        RecipeError: The networks have no encoder.
    """
    means, _ = _encoder(networks)(preprocessed.samples, training=False)
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
    return len(_categories(preprocessed, column)) or 1


def check_classes(networks: Networks, preprocessed: Preprocessed, column: str | None, least: int) -> None:
    """Checks that there is an encoder, and that each class of a column has at least so many training samples.

    Raises:
        RecipeError: There is none, the column is not one of categories, or a class has fewer.
    """
    _encoder(networks)
    codes = class_codes(preprocessed, column)
    for code, name in enumerate(_categories(preprocessed, column)):
        rows = np.count_nonzero(codes == code)
        if rows < least:
            raise RecipeError(
                f"the sampler needs {least} rows of each {column}, and {name!r} has {rows}: leave it out with "
                f"min_category_rows = {least} in [preprocessing], or give it the label of another"
            )


def asked_for(conditions: Mapping[str, Tensor], noise: Tensor) -> Tensor:
    """The class that is asked for of each sample, int64 [n]; -1 where none is.

    Args:
        conditions: At most one: int64 [n].
        noise: float32 [n, values].
    """
    nothing = ops.cast(ops.zeros_like(noise[:, 0]), "int64") - 1
    return next(iter(conditions.values()), nothing)


def _encoder(networks: Networks) -> keras.Model:
    if networks.encoder is None:
        raise RecipeError("this sampler needs an encoder, which the networks do not have: use kind = 'prior'")
    return networks.encoder


def _categories(preprocessed: Preprocessed, column: str | None) -> Sequence[str]:
    schema = preprocessed.decoder.schema
    columns = schema.columns if isinstance(schema, TableSchema) else ()
    return next((each.categories for each in columns if each.name == column), ())
