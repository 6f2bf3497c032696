"""Gradients: the one place of training that knows the Keras backend."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from synthserve_training.averaging import WeightAverage
from synthserve_training.objectives import Player, Tensor

Noise = Mapping[str, NDArray[np.float32]]


class Step(Protocol):
    """One step of training."""

    def __call__(
        self, batch: NDArray[np.float32], noise: Noise, schedule: Mapping[str, np.float32]
    ) -> Mapping[str, Any]:
        """Lets the players for which there is noise make one gradient step each.

        Args:
            batch: [n, *sample_shape].
            noise: [n, noise_size] by the name of each player that moves.
            schedule: The weights that the losses use.

        Returns:
            The losses of the players that moved, as "{player}_{loss}".
        """
        ...


def compile_step(players: Sequence[Player], average: WeightAverage | None = None) -> Step:
    """Compiles a step in which players in turn make one gradient step.

    Args:
        players: In the order of their turns.
        average: Follows the network that it averages each time that a player has moved that.
    """
    for player in players:
        player.optimizer.build(player.variables)

    # Which players move is in the structure of `noise`: TensorFlow traces the function once for each set of them.
    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(batch: Tensor, noise: Mapping[str, Tensor], schedule: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        log: dict[str, Tensor] = {}
        for player in players:
            if player.name not in noise:
                continue
            with tf.GradientTape() as tape:
                losses = player.loss(batch, noise[player.name], schedule)
            gradients = tape.gradient(losses["loss"], player.variables)
            player.optimizer.apply(gradients, player.variables)
            if average and average.source in player.networks:
                average.follow(player.optimizer.iterations)
            log |= {f"{player.name}_{name}": value for name, value in losses.items()}
        return log

    compiled: Step = step
    return compiled


def input_gradient(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Differentiates a function of a batch by its input; the result can be differentiated again.

    Args:
        function: [n, *shape] to [n, ...], each sample on its own.
        inputs: Where to differentiate, [n, *shape].

    Returns:
        For each sample the gradient of the sum of its outputs, [n, *shape].
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        outputs = function(inputs)
    return tape.gradient(outputs, inputs)
