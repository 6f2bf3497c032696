"""The run of a table in a folder, which goes on with the same recipe, seed and rows."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthserve_training import whole_files
from synthserve_training.errors import RunError
from synthserve_training.models.autoregressive.tokens import Encoded
from synthserve_training.train.machine import Machine
from synthserve_training.train.run_folder import RunFolder

if TYPE_CHECKING:  # it imports Keras
    from synthserve_training.models.autoregressive.training import TableTrainer


@dataclass(frozen=True)
class TableRun:
    """A run in a folder.

    Attributes:
        folder: The folder.
        recipe: The text of the recipe.
        seed: The seed.
        overwrite: Whether the run of something else may be deleted.
    """

    folder: RunFolder
    recipe: str
    seed: int
    overwrite: bool = False

    def check(self) -> None:
        """Checks that the folder has no run of another recipe or seed. It takes no time: call it first.

        Raises:
            RunError: It has one, which may not be deleted.
        """
        if self._goes_on:
            if self.folder.recipe() != self.recipe:
                raise self._other("recipe")
            if self.folder.facts().seed != self.seed:
                raise self._other("seed")

    def check_rows(self, encoded: Encoded) -> None:
        """Checks that the folder has no run of other rows. Call it before Keras starts, which takes seconds.

        Raises:
            RunError: It has one, which may not be deleted.
        """
        if self._goes_on and (not self._rows.is_file() or self._rows.read_text() != _digest(encoded)):
            raise self._other("table, or the table or the trainer has changed since")

    def start(self, trainer: "TableTrainer", encoded: Encoded) -> None:
        """Starts the run, or sets a trainer to what an earlier one has reached; `check` and `check_rows` have passed.

        Raises:
            RunError: The checkpoint or the log of the earlier run is damaged.
        """
        from synthserve_training.models.autoregressive.training import State
        from synthserve_training.train import checkpoint
        from synthserve_training.train.backends import NAME, accelerators

        machine = Machine(NAME, accelerators())
        if not self._goes_on:
            self._create(machine, encoded)
            return
        epoch = checkpoint.restore(self.folder.checkpoint, trainer.variables())
        log = [
            {name: float(cell) for name, cell in row.items()} | {"epoch": int(row["epoch"])}
            for row in self.folder.losses()
        ]
        if len(log) < epoch:
            raise RunError(f"the log in {self.folder.path} lacks epochs of the checkpoint: start anew with --overwrite")
        trainer.state = State.of(log[:epoch], trainer.plan)
        self.folder.resume(machine)

    def start_untrained(self, encoded: Encoded) -> None:
        """Starts the run of a table of which nothing is learnt."""
        self._create(Machine("none"), encoded)

    def save(self, trainer: "TableTrainer") -> None:
        """Writes what a trainer has reached.

        The log is first: should this be interrupted, its epochs that the checkpoint lacks are dropped.
        """
        from synthserve_training.train import checkpoint

        self.folder.write_losses(trainer.state.log)
        checkpoint.save(self.folder.checkpoint, trainer.state.epoch, trainer.variables())

    @property
    def _goes_on(self) -> bool:
        return self.folder.checkpoint.is_file() and not self.overwrite

    def _create(self, machine: Machine, encoded: Encoded) -> None:
        self.folder.create(self.recipe, self.seed, machine, overwrite=True)
        whole_files.write(self._rows, _digest(encoded).encode())

    def _other(self, what: str) -> RunError:
        return RunError(
            f"{self.folder.path} holds the run of another {what}: give another --run-dir, or --overwrite to start anew"
        )

    @property
    def _rows(self) -> Path:
        return self.folder.path / "rows.sha256"


def _digest(encoded: Encoded) -> str:
    """Names the rows that are learnt."""
    return hashlib.sha256(encoded.codes.tobytes()).hexdigest()
