"""The versions that a model repository has. Free of TensorFlow, so that a mistake shows at once."""

from pathlib import Path

from synthserve_training import problems
from synthserve_training.errors import ExportError

DEFAULT_REPOSITORY = Path("models")
"""The repository of all commands that are not given one."""


def next_version(repository: Path, model: str) -> int:
    """The first version after those that the repository has of a model."""
    folder = repository / model
    versions = [int(child.name) for child in folder.iterdir() if child.name.isdecimal()] if folder.is_dir() else []
    return max(versions, default=0) + 1


def newest_version(repository: Path, model: str) -> int:
    """The newest version that the repository has of a model.

    Raises:
        ExportError: It has none.
    """
    newest = next_version(repository, model) - 1
    if newest:
        return newest
    there = [folder.name for folder in repository.iterdir() if folder.is_dir()] if repository.is_dir() else []
    meant = problems.did_you_mean(model, there)
    made = ": give the folder that has it as --repository, or make one with `synthserve-train fit` or `export`"
    raise ExportError(f"{repository} holds no model {model}{meant or made}")
