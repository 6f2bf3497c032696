"""Numbers in recipes: each is refused by its name unless every library that it is handed to takes it."""

import math

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.components import part
from synthserve_training.errors import RecipeError

IRIS = recipes.read("iris-vae")
COUNTS = {
    "training.epochs": "epochs = 300",
    "training.batch_size": "batch_size = 32",
    "training.checkpoint_every": "checkpoint_every = 50",
    "export.batch_size": "batch_size = 8192",
}
WRONG_COUNTS = ["0", "-1", "nan", "inf", "1e400", "3e2", "true", '"3"', str(2**31), str(2**53), str(2**63), "9" * 400]
WRONG_NUMBERS = [math.nan, math.inf, -math.inf, 1e40, -1.0, True, "1", 10**400]


@pytest.mark.parametrize("value", WRONG_COUNTS)
@pytest.mark.parametrize("field", COUNTS)
def test_count_is_refused_by_name(field: str, value: str) -> None:
    line = COUNTS[field]
    assert line in IRIS
    with pytest.raises(RecipeError, match=f"the recipe is not valid: {field}: Input should be "):
        recipes.parse(IRIS.replace(line, f"{line.partition(' =')[0]} = {value}"))


def test_number_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(RecipeError, match="the recipe holds a number of too many digits"):
        recipes.parse(IRIS.replace("epochs = 300", f"epochs = {'9' * 5000}"))
    with pytest.raises(RecipeError, match="or too many brackets"):
        recipes.parse(f"x = {'[' * 5000}\n{IRIS}")


NUMBERS = [
    ("objectives", "vae", "learning_rate"),
    ("objectives", "vae", "kl_weight"),
    ("objectives", "gan", "learning_rate"),
    ("objectives", "gan", "beta_1"),
    ("objectives", "wgan_gp", "learning_rate"),
    ("objectives", "wgan_gp", "critic_learning_rate"),
    ("objectives", "wgan_gp", "beta_1"),
    ("objectives", "wgan_gp", "beta_2"),
    ("objectives", "wgan_gp", "penalty_weight"),
    ("networks", "dcgan", "leaky_slope"),
    ("networks", "dcgan", "dropout"),
    ("networks", "wgan", "leaky_slope"),
    ("samplers", "mixture", "regularisation"),
    ("preprocessing", "table", "max_abs_z"),
]
INTEGERS = [
    ("objectives", "vae", "kl_annealing_epochs"),
    ("objectives", "wgan_gp", "critic_steps"),
    ("networks", "dense_vae", "latent_size"),
    ("networks", "dcgan", "latent_size"),
    ("networks", "dcgan", "kernel_size"),
    ("networks", "wgan", "latent_size"),
    ("networks", "wgan", "kernel_size"),
    ("samplers", "mixture", "components"),
    ("preprocessing", "table", "min_category_rows"),
]


def refused(role: str, kind: str, options: dict[str, object], name: str) -> None:
    needed = {"columns": [{"name": "x", "type": "double"}]} if kind == "table" else {}
    with pytest.raises(RecipeError, match=rf"kind = '{kind}': {name}: Input should be "):
        _ = part(role, {"kind": kind, **needed, **options}).options


@pytest.mark.parametrize("value", WRONG_NUMBERS, ids=lambda value: str(value)[:8])
@pytest.mark.parametrize(("role", "kind", "name"), NUMBERS)
def test_number_is_refused_by_name(role: str, kind: str, name: str, value: object) -> None:
    refused(role, kind, {name: value}, name)


@pytest.mark.parametrize("value", [-1, 2**31, 2**63, 10**400, math.nan, math.inf, 1.5, True], ids=lambda v: str(v)[:8])
@pytest.mark.parametrize(("role", "kind", "name"), INTEGERS)
def test_integer_is_refused_by_name(role: str, kind: str, name: str, value: object) -> None:
    refused(role, kind, {name: value}, name)


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**63, math.inf, True])
def test_widths_of_layers_are_refused_by_name(value: object) -> None:
    refused("networks", "dense_vae", {"hidden": [16, value]}, "hidden.1")
    refused("networks", "dcgan", {"generator_filters": [8, value, 8]}, "generator_filters.1")
    refused("networks", "wgan", {"critic_filters": [value]}, "critic_filters.0")


@pytest.mark.parametrize("value", [-1, 16, 400, 2**31])
def test_decimals_are_those_of_a_double(value: int) -> None:
    columns = [{"name": "x", "type": "double", "decimals": value}]
    with pytest.raises(RecipeError, match=r"columns\.0\.decimals: Input should be "):
        _ = part("preprocessing", {"kind": "table", "columns": columns}).options


@pytest.mark.parametrize("value", ["-0.1", "1.0", "nan", "inf", "true"])
def test_average_is_refused_by_name(value: str) -> None:
    with pytest.raises(RecipeError, match=r"training\.average_decay: Input should be "):
        recipes.parse(IRIS.replace("batch_size = 32", f"batch_size = 32\naverage_decay = {value}"))


@pytest.mark.parametrize("value", ["0", "1", "nan", str(2**31)])
def test_tracking_is_refused_by_name(value: str) -> None:
    section = f"[training.tracking]\nnetwork = 'digits'\nsamples = {value}\n[export]"
    with pytest.raises(RecipeError, match=r"training\.tracking\.samples: Input should be "):
        recipes.parse(IRIS.replace("[export]", section))
