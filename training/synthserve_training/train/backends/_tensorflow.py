"""TensorFlow: `tf.function` and gradient tapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from synthserve_training.train.averaging import WeightAverage
from synthserve_training.train.backends.steps import Losses, Steps, Turn
from synthserve_training.train.objectives import Player
from synthserve_training.types import Tensor

_Gradients: TypeAlias = tuple[Losses, Sequence[Tensor]]


def compile_steps(
    players: Sequence[Player], average: WeightAverage | None = None, *, parts: int | None = None
) -> Steps:
    """Compiles steps in which players in turn make one gradient step.

    Args:
        players: In the order of their turns.
        average: Follows the network that it averages each time that a player has moved that.
        parts: Compile with XLA, which pays where many small operations follow each other, and all batches have one
            shape. XLA computes such operations on one core: batches and noise come in so many parts of the same size,
            [parts, ...], which are computed at the same time. Losses and gradients are the means over the parts.
    """
    for player in players:
        player.optimizer.build(player.variables)

    def gradients(player: Player, batch: Tensor, noise: Tensor, schedule: Mapping[str, Tensor]) -> _Gradients:
        with tf.GradientTape() as tape:
            losses = player.loss(batch, noise, schedule)
        return losses, tape.gradient(losses["loss"], player.variables)

    def move(player: Player, gradients: Sequence[Tensor]) -> None:
        player.optimizer.apply(gradients, player.variables)
        if average and average.source in player.networks:
            average.follow(player.optimizer.iterations)

    if parts:  # what moves the variables is not compiled: that takes longer than thousands of steps gain
        gradients = _mean_of_parts(gradients, parts)

    # Which players move is in the structure of `noise`: TensorFlow traces the function once for each set of them.
    @tf.function(reduce_retracing=not parts)  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(batch: Tensor, noise: Mapping[str, Tensor], schedule: Mapping[str, Tensor]) -> Losses:
        log: dict[str, Tensor] = {}
        for player in players:
            if player.name not in noise:
                continue
            losses, found = gradients(player, batch, noise[player.name], schedule)
            move(player, found)
            log |= {f"{player.name}_{name}": value for name, value in losses.items()}
        return log

    def steps(turns: Iterable[Turn], schedule: Mapping[str, np.float32]) -> Iterator[Losses]:
        for batch, noise in turns:
            yield step(batch, noise, schedule)

    return steps


def _mean_of_parts(gradients: Callable[..., _Gradients], parts: int) -> Callable[..., _Gradients]:
    """Computes losses and gradients of each part of a batch, and their means.

    The parts do not depend on each other, so that TensorFlow runs them on different cores.
    """

    @partial(tf.function, jit_compile=True)
    def of_part(player: Player, batch: Tensor, noise: Tensor, schedule: Mapping[str, Tensor]) -> _Gradients:
        losses, found = gradients(player, batch, noise, schedule)
        return losses, [tf.convert_to_tensor(gradient) for gradient in found]  # those of embeddings are sparse

    def of_batch(player: Player, batch: Tensor, noise: Tensor, schedule: Mapping[str, Tensor]) -> _Gradients:
        found = [
            of_part(player, *tf.nest.map_structure(itemgetter(part), (batch, noise)), schedule) for part in range(parts)
        ]
        mean: _Gradients = tf.nest.map_structure(lambda *values: tf.add_n(values) / parts, *found)
        return mean

    return of_batch


def compile_function(network: keras.Model) -> Callable[[Any], Tensor]:
    """Compiles a network with XLA, for batches of one shape, without training."""
    function: Callable[[Any], Tensor] = tf.function(lambda batch: network(batch, training=False), jit_compile=True)
    return function


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


def accelerators() -> Sequence[str]:
    """The GPUs that TensorFlow computes on, by their makers' names."""
    gpus = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
