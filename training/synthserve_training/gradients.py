"""The gradient step: the one place of training that knows the Keras backend."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from synthserve_training.objectives import Player, Tensor

Step = Callable[[NDArray[np.float32], Mapping[str, NDArray[np.float32]], Mapping[str, np.float32]], Mapping[str, Any]]


def compile_step(players: Sequence[Player]) -> Step:
    """Compiles a step in which each player in turn makes one gradient step.

    Returns:
        A function of a batch [n, *sample_shape], the noise of each player [n, noise_size] by name, and the schedule's
        weights, that gives each player's losses as "{player}_{loss}".
    """
    for player in players:
        player.optimizer.build(player.variables)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(batch: Tensor, noise: Mapping[str, Tensor], schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        log: dict[str, Tensor] = {}
        for player in players:
            with tf.GradientTape() as tape:
                losses = player.loss(batch, noise[player.name], schedule)
            gradients = tape.gradient(losses["loss"], player.variables)
            player.optimizer.apply(gradients, player.variables)
            log |= {f"{player.name}_{name}": value for name, value in losses.items()}
        return log

    compiled: Step = step
    return compiled
