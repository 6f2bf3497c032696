"""Copies of what cannot be read twice."""

import shutil
import tempfile
import weakref
from pathlib import Path


class TemporaryCopy:
    """A file that lives as long as this object, or the process.

    Attributes:
        path: Where to write it.
    """

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="synthserve-")
        self.path = Path(folder) / "rows"
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
