"""The models that are compared: their names, and how each one's process is started."""

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PEERS_PYTHON = ROOT / ".venv-peers-tables" / "bin" / "python"
"""The interpreter of the peers and of the metrics; `make .venv-peers-tables/.done` installs it."""


@dataclass(frozen=True)
class Model:
    """A model, or a reference.

    Attributes:
        name: On the command line, and of its files.
        title: In tables.
        module: Of `tests.benchmarks.tables.peers`; None: the held-out rows themselves.
        arguments: What its process gets after the job.
        own: Whether it runs under the interpreter of this project.
        quick: Whether it takes seconds.
    """

    name: str
    title: str
    module: str | None
    arguments: tuple[str, ...] = ()
    own: bool = False
    quick: bool = False

    def command(self, job: Path) -> list[str]:
        """What starts its process."""
        python = sys.executable if self.own else str(PEERS_PYTHON)
        return [python, "-m", f"tests.benchmarks.tables.peers.{self.module}", str(job), *self.arguments]


HELD_OUT = Model("held-out", "held-out real rows", None, quick=True)

MODELS = (
    HELD_OUT,
    Model("bootstrap", "training rows, redrawn", "bootstrap", quick=True),
    Model("synthserve", "this project", "table_model", own=True, quick=True),
    Model("synthserve-unprotected", "this project, min_rows = 1", "table_model", ("1",), own=True),
    Model("cart", "CART chain (synthpop's method)", "cart", quick=True),
    Model("mostlyai-engine", "MOSTLY AI engine (TabularARGN)", "mostlyai_engine"),
    Model("gaussian-copula", "SDV Gaussian copula", "gaussian_copula", quick=True),
    Model("tvae", "SDV TVAE", "tvae"),
    Model("ctgan", "SDV CTGAN", "ctgan"),
)
