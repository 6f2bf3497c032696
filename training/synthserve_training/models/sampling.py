"""The one way to draw samples of a model that is not exported: the noise, the cutting and the checks are the core's."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.contract.conditions import Settings
from synthserve_core.contract.model import Key, Model, Tensors
from synthserve_training.models import contract
from synthserve_training.models.generative import Generative


@dataclass(frozen=True)
class KerasGraph:
    """A model in the place of its exported graph, so that the core can run it.

    Attributes:
        generative: The model.
        model: What it promises.
        is_exact: Whether outputs keep the dtype that Keras gives them. Without, they get the promised one: JAX computes
            no float64.
    """

    generative: Generative
    model: Model
    is_exact: bool = False

    def run(self, feeds: Tensors, _size: int, _cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        """Computes the outputs of the graph by name; arguments as in `synthserve_core.compute.session.Session.run`."""
        values = self.generative(feeds)
        method = self.model.generate
        arrays = {name: np.asarray(values[key]) for name, key in method.outputs.items()}
        if self.is_exact:
            return arrays
        return {name: array.astype(method.output_tensors[name].dtype, copy=False) for name, array in arrays.items()}


def generate(
    generative: Generative, *, seed: int, count: int, start: int = 0, settings: Settings | None = None, batch_size: int
) -> dict[Key, NDArray[Any]]:
    """Draws samples as a server draws them from the exported model: the same noise, up to rounding the same values.

    Args:
        generative: The model.
        seed: From 0 to 2^63 - 1.
        count: How many samples.
        start: The index of the first one.
        settings: Condition name to the input, `[1, ...]` or `[count, ...]`; conditions that are missing are not set.
        batch_size: How many samples to compute at once.

    Returns:
        Finished values by key, `[count, ...]` each.

    Raises:
        GraphError: The model gives values that its schema does not allow.
    """
    model = contract.describe(generative, batch_size)
    draw = Draw(model, KerasGraph(generative, model), seed, start, count, settings or {})
    return sample(draw, Cancellation())
