"""The same training on JAX as on TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.fixtures import small_wgan

from synthserve_training import cli
from synthserve_training.train import startup
from synthserve_training.train.run_folder import RunFolder

ROOT = Path(__file__).parents[3]
CLI = ("-m", "synthserve_training.cli")
PRECISIONS = ("float32", "mixed_bfloat16")

QUICK = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""The networks are so small that JAX compiles for much longer than it trains."""


def run(backend: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | QUICK | {"KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)} | variables
    return subprocess.run(
        [sys.executable, *command], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


def checkpoint(folder: Path) -> dict[str, NDArray[np.float64]]:
    with np.load(folder / "checkpoint.npz") as arrays:
        return {name: arrays[name].astype(np.float64) for name in arrays}


def curves(folder: Path) -> NDArray[np.float64]:
    rows = RunFolder(folder).losses()
    return np.array([[float(row[name]) for name in row if name != "seconds"] for row in rows])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: `whole` and `parts` of JAX alone, and in the folder of each precision those of both backends.

    `tensorflow` has four epochs of TensorFlow; `jax` has its first epoch, and three of JAX.
    """
    folder = tmp_path_factory.mktemp("runs")
    whole, parts = str(folder / "whole"), str(folder / "parts")
    of_jax = [("new", "3", whole, "float32"), ("new", "1", parts, "float32"), ("resume", "3", parts, "float32")]
    for precision in PRECISIONS:
        own, other = folder / precision / "tensorflow", folder / precision / "jax"
        small_wgan.main("new", "1", str(own), precision)
        shutil.copytree(own, other)
        small_wgan.main("resume", "4", str(own), precision)
        of_jax.append(("resume", "4", str(other), precision))
    trained = run("jax", "tests/fixtures/small_wgan.py", *chain(*of_jax), JAX_COMPILATION_CACHE_DIR=str(folder / "jax"))
    assert trained.returncode == 0, trained.stderr
    return folder


def test_a_run_goes_on_with_the_other_backend_as_with_its_own(runs: Path) -> None:
    own, other = runs / "float32/tensorflow", runs / "float32/jax"
    expected, actual = checkpoint(own), checkpoint(other)
    assert expected.keys() == actual.keys()
    for name in expected:
        np.testing.assert_allclose(actual[name], expected[name], rtol=0, atol=2e-6, err_msg=name)
    np.testing.assert_allclose(curves(other), curves(own), rtol=1e-4, atol=1e-6)
    assert (RunFolder(own).facts().backend, RunFolder(other).facts().backend) == ("tensorflow", "tensorflow; jax")
    assert (np.ptp(curves(own)[:, 1:], axis=0) > 1e-2).all(), "the curves move by more than the tolerance"


def test_resumed_run_equals_the_uninterrupted_one_on_jax(runs: Path) -> None:
    expected, actual = checkpoint(runs / "whole"), checkpoint(runs / "parts")
    for name in expected:
        np.testing.assert_array_equal(actual[name], expected[name], err_msg=name)
    assert RunFolder(runs / "parts").facts().backend == "jax"


def test_the_two_backends_learn_alike_in_bfloat16(runs: Path) -> None:
    own, other = runs / "mixed_bfloat16/tensorflow", runs / "mixed_bfloat16/jax"
    assert checkpoint(own).keys() == checkpoint(other).keys()
    np.testing.assert_allclose(curves(other), curves(own), rtol=2e-2, atol=5e-3)  # a part in 256 is lost in rounding


def test_what_jax_trained_is_exported_by_tensorflow(tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    trained = run("jax", *CLI, "run", "iris-vae", "--epochs", "2", "--run-dir", folder)
    assert trained.returncode == 0, trained.stderr
    facts = RunFolder(tmp_path / "run").facts()
    assert facts.backend == "jax"
    assert "jax" in facts.packages
    assert "tensorflow" not in facts.packages

    repository = tmp_path / "repository"
    exported = run("jax", *CLI, "export", "iris-vae", "--run-dir", folder, "--output", str(repository))
    assert exported.returncode == 0, exported.stderr
    assert (repository / "iris-vae" / "1" / "generate.onnx").is_file()
    manifest = json.loads((repository / "iris-vae" / "1" / "manifest.json").read_text())
    assert {"jax", "tensorflow", "tf2onnx"} <= manifest["provenance"]["packages"].keys()


def test_training_on_jax_says_before_it_begins_that_it_cannot_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["run", "iris-vae", "--run-dir", str(tmp_path / "run"), "--export", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["synthserve-train", *arguments])
    monkeypatch.setattr(startup, "start_keras", lambda: "jax")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: --export takes TensorFlow, not jax: leave it out, and `export` afterwards\n"
    )
    assert not (tmp_path / "run").exists()


def test_backend_that_does_not_train_is_refused_in_one_line(tmp_path: Path) -> None:
    refused = run("numpy", *CLI, "run", "iris-vae", "--run-dir", str(tmp_path / "run"))
    assert refused.returncode == 1
    assert refused.stderr == "error: KERAS_BACKEND=numpy does not train here: tensorflow and jax do\n"
