"""Makes the virtual environments of the Makefile's targets: `python3 -I scripts/set_up.py serve|dev|peers|…`.

Each is installed from locks with hashes. A complete environment that is newer than its locks stays as it is. An
incomplete one, one that was moved with the checkout, or one whose Python is gone is made anew. The script runs with any
Python of the user: it uses only the standard library, as of Python 3.8.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = Path("requirements")
OLDEST, NEWEST = (3, 11), (3, 13)

MAIN = Path(".venv")
SERVING = ("clients/python", "server/core", "server")
ALL = (*SERVING, "training")
SEPARATE = ("peers", "peers-mlserver", "peers-tables", "tritonclient")
"""Each has its own environment: `.venv-NAME`, installed from `requirements/NAME.txt`."""

STAMPS = (".uv", ".serve", ".dev", ".done")
UNFINISHED = "unfinished\n"
"""The content of a stamp while its step runs."""

INTERRUPTED = 130


class SetUpError(Exception):
    """An environment cannot be made; the message says why, and what to do."""


def main() -> int:
    """Runs the command; prints an error as one line and returns status 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("serve", "dev", *SEPARATE))
    name: str = parser.parse_args().name
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored under `nohup`
            signal.signal(number, _interrupt)
    try:
        os.chdir(ROOT)
        with one_at_a_time():
            set_up(name)
    except (SetUpError, OSError) as error:
        say(f"set-up: {error}")
        return 1
    except KeyboardInterrupt:
        say("set-up: interrupted; the next run continues")
        return INTERRUPTED
    return 0


def set_up(name: str) -> None:
    """Makes an environment, or completes it."""
    tools()
    if name in SEPARATE:
        separate(name)
        return
    serve()
    if name == "dev":
        dev()


def tools() -> None:
    """Makes the main environment, with uv in it."""
    if reason := unusable(MAIN):
        if not OLDEST <= sys.version_info[:2] <= NEWEST:
            raise SetUpError("synthserve needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ...")
        make_anew(MAIN, reason, sys.executable)
    lock = REQUIREMENTS / "uv.txt"
    command = [python_of(MAIN), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall"]
    step(MAIN / ".uv", [lock], lambda _again: run([*command, "--require-hashes", "-r", str(lock)]))


def serve() -> None:
    """Installs the server, the Python client and their dependencies."""
    cuda = REQUIREMENTS / "cuda.txt"

    def install(again: bool) -> None:
        fill(MAIN, REQUIREMENTS / "serve.txt", again)
        if has_gpu():
            say("found an NVIDIA GPU: installing the CUDA libraries")
            fill(MAIN, cuda, again)
        install_editable(SERVING)

    step(MAIN / ".serve", [REQUIREMENTS / "serve.txt", cuda, *projects(SERVING)], install)


def dev() -> None:
    """Installs the trainer, and the dependencies of the tests and other targets."""
    lock = REQUIREMENTS / "dev.txt"

    def install(again: bool) -> None:
        fill(MAIN, lock, again)
        install_editable(ALL)

    step(MAIN / ".dev", [lock, *projects(ALL)], install)


def separate(name: str) -> None:
    """Makes one of the separate environments."""
    folder, lock = Path(f".venv-{name}"), REQUIREMENTS / f"{name}.txt"
    if reason := unusable(folder):
        make_anew(folder, reason, python_of(MAIN), flags=["--without-pip"])
    step(folder / ".done", [lock], lambda again: fill(folder, lock, again))


def step(stamp: Path, inputs: Sequence[Path], install: Callable[[bool], None]) -> None:
    """Runs an installation, unless it was completed after the inputs last changed.

    Args:
        stamp: Records the completion.
        inputs: The files that say what to install.
        install: Called with whether an earlier run was interrupted: packages can then look installed but miss files.
    """
    if is_done(stamp) and all(path.stat().st_mtime <= stamp.stat().st_mtime for path in inputs):
        return
    again = stamp.exists() and not is_done(stamp)
    stamp.write_text(UNFINISHED)
    install(again)
    stamp.write_text("")


def is_done(stamp: Path) -> bool:
    """Whether a step was completed, even if its inputs have changed since."""
    return stamp.is_file() and stamp.read_text() != UNFINISHED


def unusable(folder: Path) -> str | None:
    """The reason to make an environment anew; None if it is usable."""
    if not os.path.lexists(folder):
        return "does not exist"
    if not any(is_done(folder / stamp) for stamp in STAMPS):
        return "is incomplete"
    if (path := path_made_for(folder)) != str(ROOT / folder):
        # Its programs contain the path of their Python, and editable installations that of the checkout.
        return f"was made for {path or 'another path'}"
    check = "import os, sys, sysconfig; sys.exit(not os.path.isdir(sysconfig.get_path('purelib')))"
    with contextlib.suppress(OSError):
        if (
            subprocess.run([python_of(folder), "-I", "-c", check], stderr=subprocess.DEVNULL, check=False).returncode
            == 0
        ):
            return None
    return "was made by a Python that is gone or of another version now"


def path_made_for(folder: Path) -> str | None:
    """The path at which an environment was made."""
    with contextlib.suppress(OSError):
        for line in (folder / "pyvenv.cfg").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            name, _, command = line.partition(" = ")
            if name == "command":  # `…/python3 -m venv FLAGS /the/path`
                flags, slash, path = command.partition(" -m venv ")[2].partition(os.sep)
                return slash + path if slash else flags
    return None


def make_anew(folder: Path, reason: str, python: str, flags: Sequence[str] = ()) -> None:
    """Makes an empty environment, and replaces an unusable one."""
    if os.pathsep in str(ROOT):
        raise SetUpError(f"no virtual environment can be made in a path with {os.pathsep!r}: rename {ROOT}")
    if os.path.lexists(folder):
        say(f"{folder} {reason}: making it anew")
    run([python, "-I", "-m", "venv", "--clear", *flags, str(folder)])


def fill(folder: Path, lock: Path, again: bool) -> None:
    """Installs the packages of a lock."""
    install(folder, *(["--reinstall"] if again else []), "--require-hashes", "-r", str(lock))


def install_editable(distributions: Sequence[str]) -> None:
    """Installs distributions of this repository, without their dependencies, which are installed already."""
    install(MAIN, "--no-deps", "--no-build-isolation", *(part for name in distributions for part in ("-e", name)))


def install(folder: Path, *arguments: str) -> None:
    """Installs packages into an environment with uv."""
    run([str(MAIN / "bin" / "uv"), "pip", "install", "--quiet", "--python", python_of(folder), *arguments])


def projects(distributions: Sequence[str]) -> list[Path]:
    """The project files of distributions."""
    return [Path(name) / "pyproject.toml" for name in distributions]


def python_of(folder: Path) -> str:
    """The Python of an environment."""
    return str(folder / "bin" / "python")


def has_gpu() -> bool:
    """Whether there is an NVIDIA GPU."""
    command = shutil.which("nvidia-smi")
    return command is not None and not subprocess.run([command, "--list-gpus"], capture_output=True).returncode


def run(command: Sequence[str]) -> None:
    """Runs a command, which reports errors on standard error.

    Raises:
        SetUpError: The command failed.
    """
    line = shlex.join(command)
    say(line)
    # In its own process group, so that its child processes can be ended with it.
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if status:
        raise SetUpError(f"exit status {status} of `{line}`: see its message above, fix the problem and run make again")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits until no other set-up of this folder is running: concurrent runs would corrupt the environments."""
    descriptor = os.open(".", os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("set-up: waiting for another one of this folder")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            pass  # this file system has no locks
        yield
    finally:
        os.close(descriptor)


def say(line: str) -> None:
    """Prints a line to standard error; failures to print are ignored."""
    with contextlib.suppress(OSError):
        os.write(2, f"{line}\n".encode(errors="surrogateescape"))  # unbuffered, so that Python does not fail on exit


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
