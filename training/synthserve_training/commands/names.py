"""Names of models, made of where their data are."""

import re
from pathlib import Path


def model_name(address: str, what: str = "table") -> str:
    """The identifier of a model of a source: `data/My File.csv.gz` becomes `my-file`.

    Args:
        address: Of the source.
        what: It holds; the name begins with it where that of the source does not begin with a letter.
    """
    stem = re.split(r"[/\\]", address.split("?")[0].rstrip("/\\"))[-1].split(".")[0]
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    name = name if name[:1].isalpha() else f"{what}-{name}".rstrip("-")
    return name[:63].rstrip("-")


def picture_model_name(address: str) -> str:
    """The identifier of a model of pictures: of `.` it is that of the current folder.

    Args:
        address: Of the source, a path.
    """
    return model_name(str(Path(address).expanduser().resolve()), "pictures")
