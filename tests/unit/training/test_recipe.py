from pathlib import Path

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.components import part
from synthserve_training.errors import RecipeError


@pytest.mark.parametrize("name", recipes.names())
def test_shipped_recipe_is_valid_and_each_part_is_there(name: str) -> None:
    recipe = recipes.parse(recipes.read(name))
    assert recipe.model == name
    recipe.check_options()


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
        ({"kind": "dense_vae", "hidden": [16, 0]}, "hidden.1: Input should be greater than 0"),
        ({"kind": "dcgan", "latent_size": -1}, "latent_size"),
        ({"kind": "dcgan", "generator_filters": [8, 0, 8]}, "generator_filters.1: Input should be greater than 0"),
        ({"kind": "dcgan", "discriminator_filters": [-8, 8]}, "discriminator_filters.0: Input should be greater"),
        ({"kind": "wgan", "latent_size": 0}, "latent_size"),
        ({"kind": "wgan", "generator_filters": [0]}, "generator_filters.0: Input should be greater than 0"),
        ({"kind": "wgan", "critic_filters": [8, -1]}, "critic_filters.1: Input should be greater than 0"),
    ],
)
def test_wrong_section_is_an_error_that_names_the_option(section: dict[str, object], problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        _ = part("networks", section).options


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ([{"name": "x", "type": "double"}, {"name": "x", "type": "int64"}], "columns: 'x' is the name of two: rename"),
        ([{"name": "", "type": "double"}], "columns.0.name: String should have at least 1 character"),
        ([{"name": "x", "type": "int64", "decimals": 0}], "columns.0: decimals are for type = 'double' alone"),
    ],
)
def test_columns_that_no_server_would_serve_are_an_error(columns: list[dict[str, object]], problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        _ = part("preprocessing", {"kind": "table", "columns": columns}).options


def test_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(RecipeError, match="iris-vae, mnist-dcgan"):
        recipes.read("nope")


def test_recipe_in_another_encoding_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# für Iris\n" + recipes.read("iris-vae"), encoding="latin-1")
    with pytest.raises(RecipeError, match=r"mine\.toml is not UTF-8 text in line 1: save it as UTF-8"):
        recipes.read(str(path))
