"""Recipes of tables that are shipped, and those of users."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from synthserve_core import text_files
from synthserve_training.errors import RecipeError
from synthserve_training.problems import did_you_mean


def names() -> list[str]:
    """Names the shipped recipes of tables, sorted."""
    return sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml"))


def read(name_or_path: str) -> str:
    """Returns the TOML text of a shipped recipe, or of a file.

    Raises:
        RecipeError: There is no such recipe, or the file is not text.
    """
    if name_or_path in names():
        return (_folder() / f"{name_or_path}.toml").read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.exists():
        raise RecipeError(
            f"there is no recipe {name_or_path!r}: give a file that `inspect --recipe` has written, or one of "
            f"{', '.join(names())}{did_you_mean(path.stem, names())}"
        )
    try:
        return text_files.read(path)
    except text_files.TextFileError as error:
        raise RecipeError(f"{path} {error}") from None


def _folder() -> Traversable:
    return resources.files(__package__.rpartition(".")[0]) / "recipes" / "tables"
