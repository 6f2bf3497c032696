"""What somebody meant who has misspelt a name."""

import time

import pytest

from synthserve_core.contract import names
from synthserve_server.errors import ModelNotFoundError
from synthserve_core.suggestions import closest, did_you_mean

MODELS = ["adhd-vae", "iris-vae", "mnist-dcgan", "mnist-dcgan-ema"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("iris_vae", "iris-vae"),
        ("Iris-VAE", "iris-vae"),
        ("iris-vea", "iris-vae"),
        ("irisvae", "iris-vae"),
        ("mnist-dcgan_ema", "mnist-dcgan-ema"),
        ("mnist-dcgn", "mnist-dcgan"),
        ("flowers", None),
        ("", None),
        ("x" * 100, None),
    ],
)
def test_the_closest_name(name: str, meant: str | None) -> None:
    assert closest(name, MODELS) == meant
    assert did_you_mean(name, MODELS) == (f"; did you mean {meant}?" if meant else "")


def test_what_strangers_send_is_compared_within_bounds() -> None:
    known = [f"model-{number}" for number in range(100_000)]
    before = time.process_time()
    assert closest("model-" * 200_000, known) is None
    assert time.process_time() - before < 1  # the work of it all would take hours
    assert closest("model_7", known) == "model-7"


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("models/iris_vae", f"; a model is {names.MODEL_FORM}; did you mean models/iris-vae?"),
        ("iris_vae", f"; a model is {names.MODEL_FORM}; did you mean models/iris-vae?"),
        ("iris-vae", "; did you mean models/iris-vae?"),
        ("iris-vae@2", "; did you mean models/iris-vae/versions/2?"),
        ("models/iris_vae/versions/2", f"; a model is {names.MODEL_FORM}; did you mean models/iris-vae/versions/2?"),
        ("models/iris-vae/versions/two", "; did you mean models/iris-vae?"),
        ("models/iris-vae/versions/0", "; did you mean models/iris-vae?"),
        ("models/other/", f"; a model is {names.MODEL_FORM}"),
        ("", f"; a model is {names.MODEL_FORM}"),
    ],
)
def test_a_name_of_no_form_says_what_names_look_like(name: str, end: str) -> None:
    assert names.parse(name) is None
    assert names.meant(name, MODELS) == end


def test_a_model_that_is_not_there_suggests_one_that_is() -> None:
    known = [f"models/{one}" for one in MODELS]
    assert str(ModelNotFoundError("models/iris-vea", known)).startswith(
        "there is no models/iris-vea; did you mean models/iris-vae?; known are: models/adhd-vae, "
    )
    assert "did you mean" not in str(ModelNotFoundError("models/flowers", known))
    versions = [f"models/iris-vae/versions/{number}" for number in (1, 2)]
    assert "did you mean" not in str(ModelNotFoundError("models/iris-vae/versions/3", versions))
