"""Checkpoints: every variable of a training run in one `.npz`, without pickle, written atomically."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from synthserve_training import whole_files
from synthserve_training.errors import RunError

Variables = Mapping[str, Sequence[keras.Variable]]


def save(path: Path, epoch: int, variables: Variables) -> None:
    """Writes the values of groups of variables, and the number of epochs trained.

    Raises:
        OSError: They cannot be written; the checkpoint before stays.
    """
    arrays = {name: np.asarray(variable) for name, variable in _named(variables)}
    with whole_files.replacing(path) as stream:
        np.savez(stream, epoch=np.int64(epoch), **arrays)  # type: ignore[arg-type]  # the stubs take the names for options


def restore(path: Path, variables: Variables) -> int:
    """Sets the variables to the values of a checkpoint.

    Returns:
        The number of epochs that had been trained.

    Raises:
        RunError: There is no checkpoint, or it is of other variables or shapes.
    """
    if not path.is_file():
        raise RunError(f"there is no checkpoint {path}: train first")
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            if set(arrays) != {"epoch", *(name for name, _ in _named(variables))}:
                raise RunError(f"the checkpoint {path} is of other networks than the recipe's")
            for name, variable in _named(variables):
                variable.assign(arrays[name])
            return int(arrays["epoch"])
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise RunError(f"the checkpoint {path} does not fit the recipe: {error}") from None


def _named(variables: Variables) -> Iterator[tuple[str, keras.Variable]]:
    for group, members in variables.items():
        for index, variable in enumerate(members):
            yield f"{group}/{index}", variable
