"""The number format that networks compute in: a narrow one to train in less time, single precision to generate.

Micikevicius et al. 2018, "Mixed precision training" (arXiv:1710.03740); bfloat16 has float32's range, so losses need no
scaling (Kalamkar et al. 2019, arXiv:1905.12322).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def computing_in(policy: str) -> Iterator[None]:
    """Lets the networks that are built meanwhile compute under a Keras dtype policy; their weights are float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_single_precision(network: keras.Model) -> keras.Model:
    """Copies a network, with its present weights, into one that computes in float32."""

    def rebuild(layer: keras.layers.Layer) -> keras.layers.Layer:
        return layer.__class__.from_config(layer.get_config() | {"dtype": "float32"})

    copy = keras.models.clone_model(network, clone_function=rebuild)
    copy.set_weights(network.get_weights())
    return copy
