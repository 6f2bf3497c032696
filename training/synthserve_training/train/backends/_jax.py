"""JAX: a pure step, compiled once for each set of players that move, from the values of all variables to the next."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, TypeAlias

import jax
import keras
import numpy as np

from synthserve_training.train.averaging import WeightAverage
from synthserve_training.train.backends.steps import Losses, Steps, Turn
from synthserve_training.train.objectives import Player
from synthserve_training.types import Tensor

_Values: TypeAlias = list[Tensor]
_Given: TypeAlias = tuple[Tensor, Tensor, Mapping[str, Tensor]]


def compile_steps(
    players: Sequence[Player], average: WeightAverage | None = None, *, parts: int | None = None
) -> Steps:
    """Compiles steps of a game, as `_tensorflow.compile_steps`; JAX always compiles with XLA."""
    for player in players:
        player.optimizer.build(player.variables)
    variables = _variables(players, average)
    position = {id(variable): index for index, variable in enumerate(variables)}

    def moved(player: Player, values: _Values, given: _Given) -> tuple[_Values, Losses]:
        own = [position[id(variable)] for variable in player.variables]

        def loss(trained: _Values) -> tuple[Tensor, tuple[Losses, _Values]]:
            state = list(values)
            for index, value in zip(own, trained, strict=True):
                state[index] = value
            with _scope(variables, state) as scope:
                losses = _mean_loss(player, given, parts) if parts else player.loss(*given)
            return losses["loss"], (losses, _current(scope, variables))

        gradients, (losses, after) = jax.grad(loss, has_aux=True)([values[index] for index in own])
        with _scope(variables, after) as scope:
            player.optimizer.apply(gradients, player.variables)
            if average and average.source in player.networks:
                average.follow(player.optimizer.iterations)
        return _current(scope, variables), losses

    @partial(jax.jit, donate_argnums=0)
    def step(
        values: _Values, batch: Tensor, noise: Mapping[str, Tensor], schedule: Mapping[str, Tensor]
    ) -> tuple[_Values, Losses]:
        log: dict[str, Tensor] = {}
        for player in players:
            if player.name in noise:
                values, losses = moved(player, values, (batch, noise[player.name], schedule))
                log |= {f"{player.name}_{name}": value for name, value in losses.items()}
        return values, log

    def steps(turns: Iterable[Turn], schedule: Mapping[str, np.float32]) -> Iterator[Losses]:
        values = [variable.value for variable in variables]
        before: Losses | None = None
        try:
            for batch, noise in turns:
                values, losses = step(values, batch, noise, schedule)
                # Whoever reads losses waits for them: those of the step before, while the device computes this one.
                if before is not None:
                    yield before
                before = losses
        finally:
            # Also when the caller stops early: the arrays that the variables had are given away. A step that failed
            # has taken its own with it; what it failed of is what is to be heard.
            if not any(value.is_deleted() for value in values):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value)
        if before is not None:
            yield before

    return steps


def compile_function(network: keras.Model) -> Callable[[Any], Tensor]:
    """Compiles a network, as `_tensorflow.compile_function`."""

    @jax.jit
    def function(values: _Values, batch: Any) -> Tensor:  # noqa: ANN401 - what the network takes
        with _scope(network.variables, values):
            return network(batch, training=False)

    return lambda batch: function([variable.value for variable in network.variables], batch)


def input_gradient(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Differentiates by the input, as `_tensorflow.input_gradient`: samples do not mix, so outputs can be added."""
    return jax.grad(lambda samples: function(samples).sum())(inputs)


def accelerators() -> Sequence[str]:
    """The GPUs that JAX computes on, by their makers' names."""
    return [device.device_kind for device in jax.devices() if device.platform == "gpu"]


def _mean_loss(player: Player, given: _Given, parts: int) -> Losses:
    """The means of the losses of the parts of a batch, [parts, ...]."""
    *whole, schedule = given
    found = []
    for part in range(parts):
        batch, noise = jax.tree.map(itemgetter(part), whole)
        found.append(player.loss(batch, noise, schedule))
    mean: Losses = jax.tree.map(lambda *values: sum(values) / parts, *found)
    return mean


def _variables(players: Sequence[Player], average: WeightAverage | None) -> list[keras.Variable]:
    """Everything that a step reads or changes, each once."""
    groups = [network.variables for player in players for network in player.networks]
    groups += [player.optimizer.variables for player in players]
    groups += [average.network.variables] if average else []
    return list({id(variable): variable for group in groups for variable in group}.values())


def _scope(variables: Sequence[keras.Variable], values: _Values) -> keras.StatelessScope:
    return keras.StatelessScope(state_mapping=zip(variables, values, strict=True))


def _current(scope: keras.StatelessScope, variables: Sequence[keras.Variable]) -> _Values:
    return [scope.get_current_value(variable) for variable in variables]
