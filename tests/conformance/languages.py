"""The clients: how each is built, tested and run."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

Command = Sequence[str]


@dataclass(frozen=True)
class Language:
    """A client.

    Attributes:
        name: What people call the language.
        folder: Where the client is, below `clients/`.
        needs: The programs that must be there.
        build: Generates stubs, compiles the client, its example and its runner. Run in the folder, like the others.
        test: Runs its unit tests. Those of Python are among those of the whole.
        runner: Plays cases; the file is appended.
        example: Writes `iris.csv` and `digits/` into the working folder; absolute, so that it can be run anywhere. The
            server's address is appended.
    """

    name: str
    folder: str
    needs: Sequence[str]
    build: Sequence[Command]
    test: Sequence[Command]
    runner: Command
    example: Command

    @property
    def cwd(self) -> Path:
        return ROOT / "clients" / self.folder

    @property
    def missing(self) -> list[str]:
        """The programs that are not there."""
        return [program for program in self.needs if shutil.which(program) is None]


PYTHON = Language(
    name="Python",
    folder="python",
    needs=[],
    build=[],
    test=[],
    runner=[sys.executable, "conformance.py"],
    example=[sys.executable, str(ROOT / "clients/python/example.py")],
)

LANGUAGES = [PYTHON]
