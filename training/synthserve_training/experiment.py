"""Puts the parts that a recipe names together."""

from dataclasses import dataclass
from pathlib import Path

import keras

from synthserve_training import recipe as recipes
from synthserve_training.averaging import WeightAverage
from synthserve_training.checkpoint import Variables
from synthserve_training.components import component
from synthserve_training.datasets._files import Files
from synthserve_training.errors import RecipeError
from synthserve_training.networks import Networks
from synthserve_training.objectives import Objective
from synthserve_training.precision import computing_in, in_single_precision
from synthserve_training.preprocessing import Preprocessed
from synthserve_training.recipe import Recipe


@dataclass(frozen=True)
class Experiment:
    """A recipe brought to life: data loaded, networks and objective built.

    Attributes:
        recipe: The recipe.
        text: Its TOML text.
        seed: Of the weights' initial values, the order of the batches and the noise.
        preprocessed: The data.
        networks: The networks, freshly initialised.
        objective: What they are trained for.
        average: Of the generator's weights, where the recipe asks for it.
    """

    recipe: Recipe
    text: str
    seed: int
    preprocessed: Preprocessed
    networks: Networks
    objective: Objective
    average: WeightAverage | None = None

    def finished_networks(self) -> Networks:
        """Gives the networks to sample from and to export, as they are now, computing in float32.

        The generator has the averaged weights, if there are such.
        """
        networks = self.networks.named() | ({"generator": self.average.network} if self.average else {})
        return Networks(
            **{
                name: network if network.compute_dtype == "float32" else in_single_precision(network)
                for name, network in networks.items()
            }
        )

    def variables(self) -> Variables:
        """Everything that training changes, for checkpoints."""
        groups = {name: network.variables for name, network in self.networks.named().items()}
        for player in self.objective.players:
            player.optimizer.build(player.variables)
            groups[f"{player.name}_optimizer"] = player.optimizer.variables
        if self.average:
            groups["average"] = self.average.network.variables
        return groups


def assemble(text: str, *, seed: int, data_dir: Path | None = None) -> Experiment:
    """Loads a recipe's data and builds its networks.

    Args:
        text: The recipe, TOML.
        seed: At least 0.
        data_dir: Where datasets lie; see `Files.locate`.

    Raises:
        RecipeError: The recipe is not one, or its parts do not fit together.
        DatasetError: The data could not be loaded.
    """
    recipe = recipes.parse(text)
    for role, section in (("networks", recipe.networks), ("objectives", recipe.objective)):
        component(role, section)  # a mistake must not wait until large data are loaded
    sampler, sampler_options = component("samplers", recipe.sampler)
    experiment = build(text, load(recipe, data_dir), seed=seed)
    sampler.check(sampler_options, experiment.networks, experiment.preprocessed)
    return experiment


def load(recipe: Recipe, data_dir: Path | None = None) -> Preprocessed:
    """Loads and prepares a recipe's data.

    Raises:
        RecipeError: The dataset's or the preprocessing's options are wrong, or they do not fit together.
        DatasetError: The data could not be loaded.
    """
    dataset, dataset_options = component("datasets", recipe.dataset)
    preprocessing, preprocessing_options = component("preprocessing", recipe.preprocessing)
    data = dataset.load(dataset_options, Files.locate(data_dir))
    preprocessed: Preprocessed = preprocessing.fit(preprocessing_options, data)
    return preprocessed


def build(text: str, preprocessed: Preprocessed, *, seed: int) -> Experiment:
    """Builds a recipe's networks for data at hand.

    Raises:
        RecipeError: The recipe is not one, or its parts do not fit together.
    """
    recipe = recipes.parse(text)
    networks_module, networks_options = component("networks", recipe.networks)
    objective_module, objective_options = component("objectives", recipe.objective)
    component("samplers", recipe.sampler)  # a mistake in it must not wait for the end of the training

    keras.utils.set_random_seed(seed)
    try:
        with computing_in(recipe.training.precision):
            networks = networks_module.build(networks_options, preprocessed.samples.shape[1:])
    except RecipeError:
        raise
    except Exception as error:  # each backend has its own, above all for too little memory
        raise RecipeError(f"[networks] cannot be built: {str(error).partition(chr(10))[0]}") from error
    objective = objective_module.build(objective_options, networks)
    decay = recipe.training.average_decay
    average = None if decay is None else WeightAverage(networks.generator, decay)
    return Experiment(recipe, text, seed, preprocessed, networks, objective, average)
