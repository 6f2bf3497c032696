"""The folder of one training run: recipe, losses, samples, checkpoint, and what it ran on."""

import csv
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from synthserve_training import recipe as recipes
from synthserve_training.errors import RunError
from synthserve_training.recipe import Recipe

_PACKAGES = (
    "keras",
    "numpy",
    "onnx",
    "onnxruntime-gpu",
    "onnxruntime",
    "pandas",
    "scikit-learn",
    "tensorflow",
    "tf2onnx",
)


@dataclass(frozen=True)
class RunFolder:
    """Paths and files of a run.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.path / "checkpoint.npz"

    @property
    def samples(self) -> Path:
        """The folder of sample files."""
        return self.path / "samples"

    def create(self, recipe: str, seed: int) -> None:
        """Starts a new run, in place of an earlier one in the same folder."""
        self.samples.mkdir(parents=True, exist_ok=True)
        for stale in (self.checkpoint, self._losses, *self.samples.iterdir()):
            stale.unlink(missing_ok=True)
        self._recipe.write_text(recipe, encoding="utf-8")
        self.write_facts({"seed": seed, "epochs": 0, "training_seconds": 0.0})

    def check_made_with(self, recipe: Recipe, seed: int) -> None:
        """Checks that the run trained what a recipe and a seed describe.

        What comes after training (sampler, export, card) and how long it lasts can differ.

        Raises:
            RunError: It did not, or the folder holds no run.
        """
        before = recipes.parse(self.recipe())
        parts = ("dataset", "preprocessing", "networks", "objective")
        changed = [part for part in parts if getattr(before, part) != getattr(recipe, part)]
        if before.training.batch_size != recipe.training.batch_size:
            changed.append("training.batch_size")
        if changed:
            raise RunError(f"{self.path} was trained with another recipe; these differ: {', '.join(changed)}")
        if (recorded := self.facts()["seed"]) != seed:
            raise RunError(f"{self.path} was trained with seed {recorded}, not {seed}")

    def recipe(self) -> str:
        """The recipe that the run was started with.

        Raises:
            RunError: The folder holds no run.
        """
        if not self._recipe.is_file():
            raise RunError(f"{self.path} holds no training run: start one with `synthserve-train run RECIPE`")
        return self._recipe.read_text(encoding="utf-8")

    def facts(self) -> dict[str, Any]:
        """Seed, epochs, seconds, hardware and package versions of the run.

        Raises:
            RunError: The folder holds no run.
        """
        self.recipe()
        facts: dict[str, Any] = json.loads(self._facts.read_text(encoding="utf-8"))
        return facts

    def write_facts(self, facts: Mapping[str, Any]) -> None:
        """Records facts, and the hardware and package versions of this process."""
        recorded = {**facts, "hardware": hardware(), "packages": package_versions()}
        self._facts.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")

    def losses(self) -> list[dict[str, str]]:
        """The rows of the log so far."""
        if not self._losses.is_file():
            return []
        with self._losses.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def write_losses(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes the log anew: resuming drops the rows of epochs that the checkpoint does not hold."""
        rows = list(rows)
        with self._losses.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else ["epoch"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    @property
    def _recipe(self) -> Path:
        return self.path / "recipe.toml"

    @property
    def _facts(self) -> Path:
        return self.path / "run.json"

    @property
    def _losses(self) -> Path:
        return self.path / "losses.csv"


def package_versions() -> dict[str, str]:
    """The versions of the packages that training and export rest on."""
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return versions


def hardware() -> str:
    """This machine in words, for example `2 x AMD EPYC 9R14`."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{os.cpu_count()} x {model}"
