"""The models of a repository that the benchmarks ask for."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLE = "iris-vae"
IMAGES = ("flowers-wgan-gp-ema", "mnist-dcgan")

WIDTHS = {"COLUMN_TYPE_DOUBLE": 8, "COLUMN_TYPE_INT64": 8, "COLUMN_TYPE_CATEGORY": 4, "COLUMN_TYPE_BOOL": 1}


@dataclass(frozen=True)
class Models:
    """Which models there are."""

    table: str
    row_width: int
    """The bytes of one row of the table as bare columns."""
    images: list[str]


def find_models(repository: Path) -> Models:
    """Takes the table and the images, where there are such, the newest version of each.

    Raises:
        FileNotFoundError: There is no `iris-vae`.
    """
    manifests = {model.name: _manifest(model) for model in sorted(repository.iterdir()) if any(model.glob("*/*.json"))}
    if TABLE not in manifests:
        raise FileNotFoundError(f"no {TABLE} in {repository}")
    columns = manifests[TABLE]["table"]["columns"]
    width = sum(WIDTHS[column["type"]] for column in columns)
    return Models(TABLE, width, [name for name in IMAGES if name in manifests])


def _manifest(model: Path) -> dict[str, Any]:
    versions = [file for file in model.glob("*/manifest.json") if file.parent.name.isdecimal()]
    newest = max(versions, key=lambda file: int(file.parent.name))
    manifest: dict[str, Any] = json.loads(newest.read_text())
    return manifest
