"""Names of models and versions."""

import pytest

from synthserve_core.contract import names

MODELS = ["adhd-vae", "iris-vae", "mnist-dcgan", "mnist-dcgan-ema"]


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
