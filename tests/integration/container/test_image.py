"""The Dockerfile, built and run without Docker."""

import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.fixtures.dockerfile import Stage, lineage, parse
from tests.fixtures.image import Builder, Image
from tests.fixtures.processes import held_address

import synthserve

ROOT = Path(__file__).parents[3]
STAGES = parse((ROOT / "Dockerfile").read_text())
TARGETS = ("cpu", "cuda")
NAMESPACE = ["unshare", "--mount", "--propagation", "private", "sh", "-euc"]
CONTAINED = (
    shutil.which("setpriv") is not None
    and os.geteuid() == 0
    and subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode == 0
)
"""Whether this machine lets us do what Docker does with file systems and users."""


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    # Not in pytest's own folder, which other users may not enter.
    with tempfile.TemporaryDirectory(prefix="synthserve-image-") as folder:
        Path(folder).chmod(0o755)
        yield Builder(STAGES, ROOT, Path(folder))


@pytest.fixture(scope="module")
def image(builder: Builder) -> Image:
    return builder.build("cpu")


def stage(name: str) -> Stage:
    return lineage(STAGES, name)[-1]


def test_targets() -> None:
    assert STAGES[-1].name == "cpu", "what is built without --target"
    for target in TARGETS:
        line = lineage(STAGES, target)
        assert [one.name for one in line] == ["runtime", target]
        assert not stage(target).all("RUN"), "what is installed comes from the build stages"
        copied = [copy.flags["from"] for copy in stage(target).all("COPY")]
        assert all(lineage(STAGES, name)[0].name == "build" for name in copied)


def test_what_an_orchestrator_sees() -> None:
    runtime = stage("runtime")
    (user,) = runtime.all("USER")
    assert all(part.isdecimal() and int(part) > 0 for part in user.value.split(":"))
    (entrypoint,) = runtime.all("ENTRYPOINT")
    assert entrypoint.value == '["synthserve-server"]', "a shell would keep signals to itself"
    assert [one.value for one in runtime.all("STOPSIGNAL")] == ["SIGTERM"]
    assert [one.words for one in runtime.all("EXPOSE")] == [["50051"]]
    assert runtime.all("HEALTHCHECK")
    assert runtime.all("LABEL")[0].pairs.keys() >= {"org.opencontainers.image.title"}


def test_bases_are_pinned() -> None:
    names = {one.name for one in STAGES}
    bases = {one.base for one in STAGES} - names
    assert len(bases) == 1
    (base,) = bases
    name, _, tag = base.partition(":")
    assert (name, tag.split("-")[1]) == ("python", "slim")
    assert tag.split("-")[0].count(".") == 1


def test_every_run_line_was_run(builder: Builder, image: Image) -> None:
    ran = [*builder.build("build").ran, *image.ran]
    others = [run.value for run in stage("build-cuda").all("RUN")]  # below
    assert [run.value for one in STAGES for run in one.all("RUN") if run.value not in others] == ran


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="CUDA libraries are for Linux on x86-64"
)
def test_the_cuda_libraries_fit(builder: Builder, image: Image) -> None:
    # Resolved only: they are gigabytes.
    (run,) = stage("build-cuda").all("RUN")
    build = builder.build("build")
    said = builder.shell(run.value.replace("uv pip install", "uv pip install --dry-run"), build, image.root / "build")
    assert "Would install" in said
    assert "nvidia-cudnn-cu13" in said
    assert "onnxruntime-gpu" not in said, "the release that is there stays"


def test_the_environment_holds_what_serves_and_no_more(image: Image) -> None:
    bin_folder = image.root / "opt" / "synthserve" / "bin"
    look = "import importlib.metadata as m, json; print(json.dumps(sorted(d.name.lower() for d in m.distributions())))"
    listed = subprocess.run([bin_folder / "python", "-I", "-c", look], capture_output=True, text=True, check=True)
    installed = set(json.loads(listed.stdout))
    assert {"synthserve", "synthserve-core", "synthserve-server", "onnxruntime-gpu", "grpcio"} <= installed
    unwanted = {
        "tensorflow",
        "keras",
        "torch",
        "pandas",
        "pip",
        "setuptools",
        "wheel",
        "uv",
        "hatchling",
        "grpcio-tools",
    }
    assert not installed & (unwanted | {"cython", "ziglang", "cmake", "ninja", "pybind11", "synthserve-training"})
    assert not {file.name for file in bin_folder.iterdir()} & {"pip", "uv", "gcc", "cc", "c++", "clang", "ld"}
    base = image.root / "base" / "runtime" / "bin" / "python"
    pip = subprocess.run([base, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    assert "No module named pip" in pip.stderr


def test_nothing_is_compiled_when_it_starts(image: Image) -> None:
    packages = image.root / "opt/synthserve/lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    assert list((packages / "synthserve_server" / "__pycache__").glob("app.*.pyc"))
    assert list((packages / "synthserve_core" / "compute" / "__pycache__").glob("sampler.*.pyc"))


def test_the_models_are_in_it(image: Image) -> None:
    there = {path.relative_to(image.root / "models") for path in (image.root / "models").rglob("manifest.json")}
    assert there == {path.relative_to(ROOT / "exported") for path in (ROOT / "exported").rglob("manifest.json")}
    assert (image.root / "LICENSE").is_file()


@pytest.mark.skipif(not CONTAINED, reason="needs root, util-linux and the right to mount")
def test_what_is_contained_cannot_write(image: Image) -> None:
    for place in ("/tmp", str(image.root), str(image.root / "models"), "/var/tmp"):  # noqa: S108 - looked at, not used
        done = subprocess.run(
            [*NAMESPACE, contained("0:0", ["touch", f"{place}/file"])], capture_output=True, text=True, check=False
        )
        assert "Read-only file system" in done.stderr


def test_it_serves_with_nothing_to_write_to(image: Image) -> None:
    with held_address() as address:
        container = {**image.environment, "SYNTHSERVE_LISTEN": address}
        assert health(image, container).returncode == 1
        with running(image, container) as server:
            while health(image, container).returncode != 0:
                assert server.poll() is None, server.communicate()
            with synthserve.Client(address) as client:
                assert len(client.rows("iris-vae", count=1_000, seed=7).to_pandas()) == 1_000
                assert next(iter(client.images("mnist-dcgan", count=1, seed=7))).bytes.startswith(b"\x89PNG")
            server.send_signal(signal.SIGTERM)
            said, log = server.communicate()
    assert server.returncode == 0, log
    assert said == f"synthserve-server: serving on {address}\n"
    assert [json.loads(line)["event"] for line in log.splitlines()][-1] == "stopped"


def health(image: Image, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(image.health, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def running(image: Image, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """What Docker would start with `--read-only --cap-drop ALL --security-opt no-new-privileges`."""
    command = [*image.entrypoint, *image.command]
    if CONTAINED:
        command = [*NAMESPACE, contained(image.user, command)]
    environment = {**environment, "HOME": "/nonexistent", "TMPDIR": "/nonexistent"}
    with subprocess.Popen(
        command, env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def contained(user: str, command: list[str]) -> str:
    """A script for a mount namespace of its own: nothing in it can be written, and the user is the image's."""
    python = Path(sys.base_prefix)
    closed = [folder for folder in reversed(python.parents) if not folder.stat().st_mode & 0o001]
    lines = []
    if closed:
        # Python is in a folder that is root's alone: only Python is left in that one.
        lines = [
            f"mount --bind {python} /mnt",
            f"mount -t tmpfs -o mode=755 none {closed[0]}",
            f"mkdir -p {python}",
            f"mount --bind /mnt {python}",
            f"mount -o remount,ro {closed[0]}",
        ]
    for place in ("/tmp", "/var", "/var/tmp", "/home"):  # noqa: S108 - looked at, not used
        lines.append(f"if mountpoint -q {place}; then mount -o remount,ro,bind {place}; fi")
    owner, _, group = user.partition(":")
    rights = "--clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"
    lines += [
        "mount -o remount,ro,bind /",
        f"exec setpriv --reuid {owner} --regid {group} {rights} {shlex.join(command)}",
    ]
    return "\n".join(lines)
