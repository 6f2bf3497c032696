"""The folder of one training run: recipe, losses, samples, checkpoint, and what it ran on."""

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from synthserve_core import text_files
from synthserve_training import recipe as recipes
from synthserve_training import whole_files
from synthserve_training.errors import RunError
from synthserve_training.recipe import Recipe
from synthserve_training.train.machine import Machine


class Facts(BaseModel):
    """What is recorded of a run. One that went on with another backend or on another machine names both."""

    seed: int
    backend: str = "tensorflow"
    hardware: str
    packages: dict[str, str]


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

    @property
    def losses_plot(self) -> Path:
        """The curves of the log."""
        return self.path / "losses.png"

    def create(self, recipe: str, seed: int, machine: Machine, *, overwrite: bool) -> None:
        """Starts a new run.

        Args:
            recipe: The recipe's text.
            seed: The run's seed.
            machine: What it runs on.
            overwrite: Whether an earlier run in the folder may be deleted.

        Raises:
            RunError: There is an earlier run, and it may not.
        """
        self.check_free(overwrite=overwrite)
        self.samples.mkdir(parents=True, exist_ok=True)
        for stale in self._written():
            stale.unlink()
        whole_files.write(self._recipe, recipe.encode())
        self._record(Facts(seed=seed, backend=machine.backend, hardware=str(machine), packages=machine.packages()))

    def resume(self, machine: Machine) -> None:
        """Records the machine that continues a run."""
        facts = self.facts()
        self._record(
            Facts(
                seed=facts.seed,
                backend=_both(facts.backend, machine.backend),
                hardware=_both(facts.hardware, str(machine)),
                packages=facts.packages | machine.packages(),
            )
        )

    def check_made_with(self, recipe: Recipe, seed: int) -> None:
        """Checks that the run trained what a recipe and a seed describe.

        What is used after training (sampler, heads, export, card) and the number of epochs can differ.

        Raises:
            RunError: It did not, or the folder holds no run.
        """
        before = recipes.parse(self.recipe())
        parts = ("dataset", "preprocessing", "networks", "objective")
        changed = [part for part in parts if getattr(before, part) != getattr(recipe, part)]
        changed += [
            f"training.{field}"
            for field in ("batch_size", "precision", "average_decay")
            if getattr(before.training, field) != getattr(recipe.training, field)
        ]
        if changed:
            raise RunError(f"{self.path} was trained with another recipe; these differ: {', '.join(changed)}")
        if (recorded := self.facts().seed) != seed:
            raise RunError(f"{self.path} was trained with seed {recorded}, not {seed}")

    def check_resumable(self, recipe: Recipe, seed: int) -> None:
        """Checks that the run trained what a recipe and a seed describe, and can go on.

        Raises:
            RunError: It did not, cannot, or the folder holds no run.
        """
        self.check_made_with(recipe, seed)
        if not self.checkpoint.is_file():
            raise RunError(f"there is no checkpoint {self.checkpoint}: start anew with --overwrite")

    def recipe(self) -> str:
        """The recipe that the run was started with.

        Raises:
            RunError: The folder holds no run.
        """
        if not self._recipe.is_file():
            raise RunError(f"{self.path} holds no training run: start one with `synthserve-train run RECIPE`")
        return _read(self._recipe)

    def check_free(self, *, overwrite: bool) -> None:
        """Checks that a new run may start here.

        Raises:
            RunError: There is a file of an earlier run, which may not be overwritten, or one where a folder has to be.
        """
        for folder in (self.path, self.samples):
            if folder.exists() and not folder.is_dir():
                raise RunError(f"{folder} is a file: a run needs a folder there")
        if overwrite or not (written := self._written()):
            return
        if self.checkpoint in written:
            raise RunError(f"{self.path} holds a training run: go on with --resume, or start anew with --overwrite")
        names = ", ".join(dict.fromkeys(path.relative_to(self.path).parts[0] for path in written))
        raise RunError(
            f"{self.path} holds a training run without a checkpoint: start anew with --overwrite, which deletes {names}"
        )

    def check_idle(self) -> None:
        """Checks that no other process trains here.

        Raises:
            RunError: One does.
        """
        if self.path.is_dir():
            with self.held():
                pass

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes from training here meanwhile; the folder is made where it is not there.

        Raises:
            RunError: Another process trains here.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(
                    f"another process trains in {self.path}: wait for it, or give another --run-dir"
                ) from None
            except OSError:
                pass  # a file system without locks
            yield
        finally:
            os.close(descriptor)

    def facts(self) -> Facts:
        """Seed, hardware and package versions of the run.

        Raises:
            RunError: The folder holds no run, or a damaged one.
        """
        self.recipe()
        try:
            return Facts.model_validate_json(_read(self._facts))
        except (OSError, ValidationError) as error:
            raise RunError(f"{self._facts} is damaged: {error}") from None

    def training_seconds(self, epochs: int) -> float:
        """Seconds of training that the first epochs took, by the log; 0 where it does not say."""
        return next((float(row["seconds"]) for row in self.losses() if int(row["epoch"]) == epochs), 0.0)

    def losses(self) -> list[dict[str, str]]:
        """The rows of the log so far.

        Raises:
            RunError: Somebody has changed the log so that it is none.
        """
        if not self._losses.is_file():
            return []
        rows = list(csv.DictReader(io.StringIO(_read(self._losses))))
        for number, row in enumerate(rows, start=2):
            try:
                if None in row:
                    raise ValueError("it has more cells than the first line")
                int(row.get("epoch") or "")
                float(row.get("seconds") or "")
            except ValueError as error:
                raise RunError(
                    f"{self._losses} is damaged in line {number}: {error}. It is a table with commas, and the columns "
                    "epoch and seconds: mend it, or delete it to go on without"
                ) from None
        return rows

    def write_losses(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes the log anew: resuming drops the rows of epochs that the checkpoint does not hold."""
        rows = list(rows)
        # Of all rows: in a short epoch a player may not have had a turn.
        names = dict.fromkeys(name for row in rows for name in row) or ["epoch"]
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, fieldnames=list(names), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        whole_files.write(self._losses, sheet.getvalue().encode())

    def _written(self) -> list[Path]:
        """The files of a run that are there. Other files in the folder are never deleted."""
        files = (self.checkpoint, self._facts, self._recipe, self._losses, self.losses_plot)
        parts = [path.with_name(path.name + whole_files.SUFFIX) for path in files]
        parts += [path.with_suffix(".part") for path in (self.checkpoint, self.losses_plot)]  # of earlier versions
        samples = [path for end in ("", whole_files.SUFFIX) for path in self.samples.glob(f"epoch-[0-9]*.png{end}")]
        samples.sort()
        return [path for path in (*files, *parts, *samples) if path.is_file() or path.is_symlink()]

    def _record(self, facts: Facts) -> None:
        whole_files.write(self._facts, (facts.model_dump_json(indent=2) + "\n").encode())

    @property
    def _recipe(self) -> Path:
        return self.path / "recipe.toml"

    @property
    def _facts(self) -> Path:
        return self.path / "run.json"

    @property
    def _losses(self) -> Path:
        return self.path / "losses.csv"


def _read(path: Path) -> str:
    try:
        return text_files.read(path)
    except text_files.TextFileError as error:
        raise RunError(f"{path} {error}") from None


def check_writable(folder: Path) -> None:
    """Tries whether files can be written into a folder, there or yet to be made: before work that takes long.

    Raises:
        OSError: They cannot; it names the folder.
    """
    existing = folder
    while not os.path.lexists(existing):
        existing = existing.parent
    try:
        tempfile.TemporaryDirectory(dir=existing, prefix=".").cleanup()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from None


def _both(before: str, now: str) -> str:
    return before if now in before.split("; ") else f"{before}; {now}"
