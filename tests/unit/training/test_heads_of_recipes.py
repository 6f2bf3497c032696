"""Heads, in both spellings that recipes have for them."""

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.errors import RecipeError

HEAD = '[[heads]]\nkind = "observation_noise"\n'
WITHOUT = recipes.read("iris-vae").replace(HEAD, "")


def kinds(text: str) -> list[str]:
    return [head.kind for head in recipes.parse(text).heads]


def switched_on(*names: str) -> str:
    lines = "".join(f"{name} = true\n" for name in names)
    return WITHOUT.replace("[export]\n", f"[export]\n{lines}")


def test_heads_are_named_in_their_order() -> None:
    assert kinds(WITHOUT) == []
    assert kinds(recipes.read("iris-vae")) == ["observation_noise"]
    assert kinds(recipes.read("adhd-vae")) == ["observation_noise", "calibration"]


def test_switches_of_the_export_section_name_the_same_heads() -> None:
    assert recipes.parse(switched_on("observation_noise")).heads == recipes.parse(recipes.read("iris-vae")).heads
    assert kinds(switched_on("calibration", "observation_noise")) == ["observation_noise", "calibration"]
    assert kinds(WITHOUT.replace("[export]\n", "[export]\nobservation_noise = false\n")) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{WITHOUT}\n{HEAD}{HEAD}", r"\[heads\] kind = 'observation_noise' is named twice: leave one out"),
        (f"{switched_on('observation_noise')}\n{HEAD}", "named twice"),
        (f"{WITHOUT}\n[[heads]]\nkind = 'calibratoin'\n", r"use one of calibration, .*did you mean calibration\?"),
        (switched_on("calibration").replace("calibration = true", "calibration = 3"), r"export\.calibration: Input"),
    ],
)
def test_wrong_heads_are_named(text: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        recipes.parse(text)


def test_option_that_a_head_does_not_have_is_an_error() -> None:
    recipe = recipes.parse(f"{WITHOUT}\n{HEAD}scale = 2\n")
    with pytest.raises(RecipeError, match=r"\[heads\] kind = 'observation_noise': scale: Extra inputs"):
        recipe.check_options()
