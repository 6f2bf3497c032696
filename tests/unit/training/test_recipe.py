from pathlib import Path

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.components import component
from synthserve_training.errors import RecipeError


@pytest.mark.parametrize("name", recipes.names())
def test_shipped_recipe_is_valid_and_each_part_is_there(name: str) -> None:
    recipe = recipes.parse(recipes.read(name))
    assert recipe.model == name
    sections = {
        "datasets": recipe.dataset,
        "preprocessing": recipe.preprocessing,
        "networks": recipe.networks,
        "objectives": recipe.objective,
        "samplers": recipe.sampler,
    }
    for role, section in sections.items():
        component(role, section)


def test_recipe_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(recipes.read("iris-vae").replace('model = "iris-vae"', 'model = "mine"'))
    assert recipes.parse(recipes.read(str(path))).model == "mine"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("epochs = 300", "epochs = 0"), "training.epochs"),
        (("epochs = 300", "epoch = 300"), "training.epoch: Extra inputs"),
        (('model = "iris-vae"', 'model = "../iris"'), "model"),
        (('model = "iris-vae"', "model = iris"), "not TOML"),
    ],
)
def test_wrong_recipe_is_an_error_that_names_the_field(change: tuple[str, str], problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        recipes.parse(recipes.read("iris-vae").replace(*change))


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"kind": "gpt"}, "use one of dcgan, dense_vae"),
        ({}, "use one of dcgan, dense_vae"),
        ({"kind": "dense_vae", "latents": 5}, "latents: Extra inputs"),
        ({"kind": "dense_vae", "latent_size": 0}, "latent_size"),
    ],
)
def test_wrong_section_is_an_error_that_names_the_option(section: dict[str, object], problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        component("networks", section)


def test_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(RecipeError, match="iris-vae, mnist-dcgan"):
        recipes.read("nope")
