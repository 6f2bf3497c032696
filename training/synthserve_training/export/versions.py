"""The versions that a model repository has. Free of TensorFlow, so that a mistake shows at once."""

from pathlib import Path

from synthserve_training import problems
from synthserve_training.errors import ExportError


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
    if not repository.is_dir():
        raise ExportError(f"there is no folder {repository}: name the model repository with --repository")
    meant = problems.did_you_mean(model, (folder.name for folder in repository.iterdir() if folder.is_dir()))
    raise ExportError(f"{repository} holds no model {model}{meant or ': make one with `synthserve-train export`'}")
