"""A generative model as the trainer, the exporter and the evaluation see it."""

from collections.abc import Mapping
from typing import Protocol

from synthserve.v1.manifest_pb2 import GraphInput
from synthserve.v1.schema_pb2 import ConditionSpec, ImageSchema, TableSchema
from synthserve_core.contract.model import Key
from synthserve_training.types import Tensor


class Generative(Protocol):
    """Makes finished samples of noise and conditions: the function that is exported.

    It is written in `keras.ops` and draws no random numbers of its own.
    """

    @property
    def schema(self) -> TableSchema | ImageSchema:
        """What it generates."""
        ...

    @property
    def conditions(self) -> tuple[ConditionSpec, ...]:
        """The conditions that it takes."""
        ...

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """Its inputs and their roles: noise with its distribution and shape, the index, conditions."""
        ...

    @property
    def privacy(self) -> tuple[str, ...]:
        """For the model card: what the model carries of the training data, one sentence each."""
        ...

    def __call__(self, inputs: Mapping[str, Tensor], /) -> Mapping[Key, Tensor]:
        """Generates.

        Args:
            inputs: Each input by its name, of the dtype and shape that its role has in a package's graph.

        Returns:
            Finished values by key, `[n, ...]` each, of the dtype and shape that they have in a package's graph.
        """
        ...
