"""The models of a repository that the benchmarks ask for."""

from dataclasses import dataclass
from pathlib import Path

from synthserve_core.contract import manifest
from synthserve_core.contract.model import Table
from synthserve_core.encoding.widths import row_widths
from synthserve_core.packages.reading import MANIFEST

TABLE = "iris-vae"
IMAGES = ("flowers-wgan-gp-ema", "mnist-dcgan")


@dataclass(frozen=True)
class Models:
    """Which models there are.

    Attributes:
        table: The table model.
        row_width: The bytes of one row of the table as bare columns.
        images: The image models.
    """

    table: str
    row_width: int
    images: list[str]


def find_models(repository: Path, name: str = TABLE) -> Models:
    """Finds a table model, and the image models that are there, in their newest version.

    Args:
        repository: The model packages.
        name: The table model.

    Raises:
        FileNotFoundError: It is not there, or generates images.
        ManifestError: Its manifest is not right.
    """
    folders = newest(repository)
    if name not in folders:
        raise FileNotFoundError(f"no {name} in {repository}")
    folder = folders[name]
    found = manifest.parse((folder / MANIFEST).read_bytes())
    table = manifest.describe(found, name, int(folder.name)).output
    if not isinstance(table, Table):
        raise FileNotFoundError(f"{name} in {repository} generates images")
    _, width = row_widths(table, None)
    return Models(name, width, [name for name in IMAGES if name in folders])


def newest(repository: Path) -> dict[str, Path]:
    """The folder of the newest version of each model, by name."""
    folders: dict[str, Path] = {}
    for path in sorted(repository.glob(f"*/*/{MANIFEST}")):
        folder = path.parent
        name = folder.parent.name
        if folder.name.isdecimal() and (name not in folders or int(folder.name) > int(folders[name].name)):
            folders[name] = folder
    return folders
