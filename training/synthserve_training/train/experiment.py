"""Puts the parts that a recipe names together."""

from dataclasses import dataclass
from pathlib import Path

import keras

from synthserve_training.components import Part
from synthserve_training.data.files import Files
from synthserve_training.data.preprocessing import Preprocessed
from synthserve_training.errors import RecipeError
from synthserve_training.models import pipeline
from synthserve_training.models.heads import HeadKind
from synthserve_training.models.networks import Networks
from synthserve_training.models.pipeline import LatentModel
from synthserve_training.models.samplers import SamplerKind
from synthserve_training.recipe import Recipe
from synthserve_training.train.averaging import WeightAverage
from synthserve_training.train.checkpoint import Variables
from synthserve_training.train.objectives import Objective
from synthserve_training.train.precision import computing_in, in_single_precision


@dataclass(frozen=True)
class Experiment:
    """A recipe with its data loaded, and its networks and objective built.

    Attributes:
        recipe: The recipe.
        seed: Of the weights' initial values, the order of the batches and the noise.
        preprocessed: The data.
        networks: The networks, freshly initialised.
        objective: What they are trained for.
        average: Of the generator's weights, where the recipe asks for it.
    """

    recipe: Recipe
    seed: int
    preprocessed: Preprocessed
    networks: Networks
    objective: Objective
    average: WeightAverage | None = None

    def generative(self) -> LatentModel:
        """The model as it is now: its sampler and heads are fitted to the present weights.

        The generator has the averaged weights, if there are any, and computes in float32.

        Raises:
            RecipeError: The sampler or a head does not fit the networks or the data.
        """
        recipe = self.recipe
        return pipeline.fit(recipe.sampler, recipe.heads, self._in_float32(), self.preprocessed, self.seed)

    def variables(self) -> Variables:
        """Everything that training changes, for checkpoints."""
        groups = {name: network.variables for name, network in self.networks.named().items()}
        for player in self.objective.players:
            player.optimizer.build(player.variables)
            groups[f"{player.name}_optimizer"] = player.optimizer.variables
        if self.average:
            groups["average"] = self.average.network.variables
        return groups

    def _in_float32(self) -> Networks:
        networks = self.networks.named() | ({"generator": self.average.network} if self.average else {})
        return Networks(
            **{
                name: network if network.compute_dtype == "float32" else in_single_precision(network)
                for name, network in networks.items()
            }
        )


def assemble(recipe: Recipe, *, seed: int, data_dir: Path | None = None) -> Experiment:
    """Loads a recipe's data and builds its networks.

    Args:
        recipe: The recipe.
        seed: At least 0.
        data_dir: Where datasets lie; see `Files.locate`.

    Raises:
        RecipeError: An option is wrong, or the parts do not fit together.
        DatasetError: The data could not be loaded.
    """
    recipe.check_options()  # a mistake must show before large data are loaded
    return build(recipe, load(recipe, data_dir), seed=seed, check=True)


def load(recipe: Recipe, data_dir: Path | None = None) -> Preprocessed:
    """Loads and prepares a recipe's data.

    Raises:
        RecipeError: The dataset's or the preprocessing's options are wrong, or they do not fit together.
        DatasetError: The data could not be loaded.
    """
    dataset, preprocessing = recipe.dataset, recipe.preprocessing
    data = dataset.module.load(dataset.options, Files.locate(data_dir))
    return preprocessing.module.fit(preprocessing.options, data)


def build(recipe: Recipe, preprocessed: Preprocessed, *, seed: int, check: bool = False) -> Experiment:
    """Builds a recipe's networks for data at hand.

    Args:
        recipe: The recipe.
        preprocessed: The data.
        seed: At least 0.
        check: Whether the sampler and the heads must fit the data. Without, a part of the data may lack what they need.

    Raises:
        RecipeError: An option is wrong, or the parts do not fit together.
    """
    recipe.check_options()
    keras.utils.set_random_seed(seed)
    try:
        with computing_in(recipe.training.precision):
            networks = recipe.networks.module.build(recipe.networks.options, preprocessed.layout)
    except RecipeError:
        raise
    except Exception as error:  # each backend has its own, above all for too little memory
        raise RecipeError(f"[networks] cannot be built: {str(error).partition(chr(10))[0]}") from error
    if check:
        parts: tuple[Part[SamplerKind] | Part[HeadKind], ...] = (recipe.sampler, *recipe.heads)
        for after in parts:
            after.module.check(after.options, networks, preprocessed)
    objective = recipe.objective.module.build(recipe.objective.options, networks)
    decay = recipe.training.average_decay
    average = None if decay is None else WeightAverage(networks.generator, decay)
    return Experiment(recipe, seed, preprocessed, networks, objective, average)
