"""Suggestions for misspelt names."""

import time

import pytest

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
