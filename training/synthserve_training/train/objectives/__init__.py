"""Objectives: what training minimises, written in `keras.ops` so that any Keras backend can train it.

A module of this package is an `ObjectiveKind`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras

from synthserve_training.models.networks import Networks
from synthserve_training.types import Tensor


@dataclass(frozen=True)
class Player:
    """One side of the training game: it moves its own networks to lower its own loss.

    A VAE has one player, a GAN two.

    Attributes:
        name: The prefix of its losses in the log.
        networks: The networks whose trainable variables it moves.
        optimizer: Moves them.
        loss: (batch [n, *sample_shape] or arrays by name, noise [n, noise_size], schedule) to named scalars; "loss" is
            minimised, the others are only logged.
        noise_size: Standard normal values that `loss` needs for each sample.
        every: The player moves at each `every`-th batch only. Batches are counted through all epochs.
    """

    name: str
    networks: tuple[keras.Model, ...]
    optimizer: keras.optimizers.Optimizer
    loss: Callable[[Tensor, Tensor, Mapping[str, Tensor]], Mapping[str, Tensor]]
    noise_size: int
    every: int = 1

    @property
    def variables(self) -> list[keras.Variable]:
        """The variables that the player moves."""
        return [variable for network in self.networks for variable in network.trainable_variables]


def _no_schedule(_epoch: int) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True)
class Objective:
    """What a model is trained for.

    Attributes:
        players: Those whose turn it is make one step for each batch, in this order.
        schedule: Epoch (from 0) to the named weights that the losses use in it.
    """

    players: tuple[Player, ...]
    schedule: Callable[[int], Mapping[str, float]] = _no_schedule


class ObjectiveKind(Protocol):
    """The functions of an objective's module."""

    def build(self, options: Any, networks: Networks, /) -> Objective:  # noqa: ANN401 - the module's `Options`
        """Builds the objective.

        Raises:
            RecipeError: The networks are not for it.
        """
        ...
