"""Runs a client's example program as its README says, and looks at the files that it leaves."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import PIL.Image
from tests.conformance.languages import ROOT
from tests.conformance.play import Verdict
from tests.fixtures.processes import running_server

import synthserve

ROWS, IMAGES, SEED = 1000, 16, 7
_SECONDS = 60.0


@dataclass(frozen=True)
class Reference:
    """A server of the shipped models, and what an example must make of them."""

    address: str
    csv: bytes
    pixels: Sequence[bytes]


@contextmanager
def reference(folder: Path) -> Iterator[Reference]:
    """Serves `exported/`."""
    with running_server(ROOT / "exported", folder / "exported.log") as server:
        with synthserve.Client(server.address) as client:
            file = folder / "reference.csv"
            client.rows("iris-vae", count=ROWS, seed=SEED).to_csv(file)
            images = [image.to_pil() for image in client.images("mnist-dcgan", count=IMAGES, seed=SEED)]
        yield Reference(server.address, file.read_bytes(), [image.tobytes() for image in images])


def check(example: Sequence[str], expected: Reference, folder: Path) -> Verdict:
    """Runs an example in a new folder."""
    folder.mkdir()
    ended = subprocess.run(
        [*example, expected.address], cwd=folder, timeout=_SECONDS, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        return Verdict("its example", [f"ended with {ended.returncode}: {ended.stderr[-1000:]}"])
    differences = []
    csv = folder / "iris.csv"
    if not csv.exists() or csv.read_bytes() != expected.csv:
        differences.append("iris.csv is not what the server sends")
    for index, pixels in enumerate(expected.pixels):
        file = folder / "digits" / f"{index:04}.png"
        if not file.exists():
            differences.append(f"there is no digits/{file.name}")
            continue
        with PIL.Image.open(file) as image:
            if image.tobytes() != pixels:
                differences.append(f"digits/{file.name} has other pixels than the server sends")
    return Verdict("its example", differences)
