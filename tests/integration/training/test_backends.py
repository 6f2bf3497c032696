"""The same training on JAX as on TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.fixtures import small_wgan

from synthserve_training.train.run_folder import RunFolder

ROOT = Path(__file__).parents[3]


def run(backend: str, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def checkpoint(folder: Path) -> dict[str, NDArray[np.float64]]:
    with np.load(folder / "checkpoint.npz") as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays}


def curves(folder: Path) -> NDArray[np.float64]:
    rows = RunFolder(folder).losses()
    return np.array([[float(row[name]) for name in row if name != "seconds"] for row in rows])


def train_on_both(tmp_path: Path, precision: str) -> tuple[Path, Path]:
    """Runs of four epochs: of TensorFlow alone, and of JAX from the second epoch on."""
    own, other = tmp_path / "tensorflow", tmp_path / "jax"
    small_wgan.main("new", "1", str(own), precision)
    shutil.copytree(own, other)
    small_wgan.main("resume", "4", str(own), precision)
    gone_on = run("jax", "tests/fixtures/small_wgan.py", "resume", "4", str(other), precision)
    assert gone_on.returncode == 0, gone_on.stderr
    return own, other


def test_a_run_goes_on_with_the_other_backend_as_with_its_own(tmp_path: Path) -> None:
    own, other = train_on_both(tmp_path, "float32")
    expected, actual = checkpoint(own), checkpoint(other)
    assert expected.keys() == actual.keys()
    for name in expected:
        np.testing.assert_allclose(actual[name], expected[name], rtol=0, atol=2e-6, err_msg=name)
    np.testing.assert_allclose(curves(other), curves(own), rtol=1e-4, atol=1e-6)
    assert (RunFolder(own).facts().backend, RunFolder(other).facts().backend) == ("tensorflow", "tensorflow; jax")
    assert (np.ptp(curves(own)[:, 1:], axis=0) > 1e-2).all(), "the curves move by more than the tolerance"


def test_resumed_run_equals_the_uninterrupted_one_on_jax(tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for way, epochs, folder in (("new", 3, whole), ("new", 1, parts), ("resume", 3, parts)):
        trained = run("jax", "tests/fixtures/small_wgan.py", way, str(epochs), str(folder), "float32")
        assert trained.returncode == 0, trained.stderr
    expected, actual = checkpoint(whole), checkpoint(parts)
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
    assert RunFolder(parts).facts().backend == "jax"


def test_the_two_backends_learn_alike_in_bfloat16(tmp_path: Path) -> None:
    own, other = train_on_both(tmp_path, "mixed_bfloat16")
    assert checkpoint(own).keys() == checkpoint(other).keys()
    np.testing.assert_allclose(curves(other), curves(own), rtol=2e-2, atol=5e-3)  # a part in 256 is lost in rounding


def test_what_jax_trained_is_exported_by_tensorflow(tmp_path: Path) -> None:
    cli = ("-m", "synthserve_training.cli")
    folder = str(tmp_path / "run")
    trained = run("jax", *cli, "run", "iris-vae", "--epochs", "2", "--run-dir", folder)
    assert trained.returncode == 0, trained.stderr
    facts = RunFolder(tmp_path / "run").facts()
    assert facts.backend == "jax"
    assert "jax" in facts.packages
    assert "tensorflow" not in facts.packages

    repository = tmp_path / "repository"
    exported = run("jax", *cli, "export", "iris-vae", "--run-dir", folder, "--output", str(repository))
    assert exported.returncode == 0, exported.stderr
    assert (repository / "iris-vae" / "1" / "generate.onnx").is_file()
    manifest = json.loads((repository / "iris-vae" / "1" / "manifest.json").read_text())
    assert {"jax", "tensorflow", "tf2onnx"} <= manifest["provenance"]["packages"].keys()


def test_training_on_jax_says_before_it_begins_that_it_cannot_export(tmp_path: Path) -> None:
    cli = ("-m", "synthserve_training.cli", "run", "iris-vae", "--run-dir", str(tmp_path / "run"))
    refused = run("jax", *cli, "--export", str(tmp_path))
    assert refused.returncode == 1
    assert refused.stderr == ("error: --export takes TensorFlow, not jax: leave it out, and `export` afterwards\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("numpy", "error: KERAS_BACKEND=numpy does not train here: tensorflow and jax do\n"),
        ("nothing", "error: Keras does not start: "),
    ],
)
def test_another_backend_is_refused_in_one_line(tmp_path: Path, backend: str, message: str) -> None:
    refused = run(backend, "-m", "synthserve_training.cli", "run", "iris-vae", "--run-dir", str(tmp_path / "run"))
    assert refused.returncode == 1
    assert refused.stderr.startswith(message)
    assert refused.stderr.count("\n") == 1
