"""Loads very many broken packages, and looks for one that does more than fail with a reason.

    python -m tests.load.fuzz_packages --cases 10000

A separate process loads them, as onnxruntime may crash. It writes each package to a folder before it loads it. A
package that crashes the process, takes too long or fails without a proper reason is a finding: it is kept and printed,
and a new process continues. A package that loads is also used: described, sampled, and written in each format. Exits
with 1 when there was a finding.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures import commands

from synthserve_server.models.catalogue import Package as CataloguePackage
from synthserve_server.models.failures import UNEXPECTED

LONGEST_SECONDS = 30.0
"""How long one package may take to load, on a busy machine; its first run is given up after a second."""

MEMORY = 6 << 30
"""Bytes of address space: what asks for more is to fail, and not to take the machine along."""

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Finding:
    """A package that did more than fail with a reason: what happened, and where it is kept."""

    what: str
    folder: Path


@dataclass
class Outcome:
    """What came of all cases."""

    ready: int = 0
    failed: int = 0

    @property
    def cases(self) -> int:
        """How many packages were loaded."""
        return self.ready + self.failed


def fuzz(cases: int, seed: int, keep: Path, outcome: Outcome) -> Iterator[Finding]:
    """Loads broken packages in processes of its own.

    Args:
        cases: How many.
        seed: The same seed gives the same packages.
        keep: The folder for those that are findings.
        outcome: Is told how many loaded and how many failed as they should.

    Yields:
        The findings.
    """
    done = found = 0
    with tempfile.TemporaryDirectory() as temporary:
        while done < cases:
            work = Path(temporary) / str(done)
            work.mkdir()
            arguments = ["--child", str(work), "--cases", str(cases - done), "--seed", str(seed + done)]
            command = [sys.executable, "-m", "tests.load.fuzz_packages", *arguments]
            with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as child:
                what = _watch(child, work)
            results = (work / "results").read_text().split()
            outcome.ready += results.count("ready")
            outcome.failed += results.count("failed")
            done += len(results)
            if what is None:
                return
            found += 1
            done += 1
            kept = keep / f"finding-{seed}-{found}"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(work / "models", kept)
            yield Finding(what, kept)


def _watch(child: "subprocess.Popen[str]", work: Path) -> str | None:
    """Waits for the end of a child; what went wrong, if something did."""
    looked_at, since = 0, time.monotonic()
    while child.poll() is None:
        time.sleep(0.2)
        size = (work / "results").stat().st_size if (work / "results").exists() else 0
        if size != looked_at:
            looked_at, since = size, time.monotonic()
        elif size and time.monotonic() - since > LONGEST_SECONDS:
            child.kill()
            return f"did not load within {LONGEST_SECONDS:g} s"
    assert child.stdout is not None
    said = child.stdout.read().strip()
    if child.returncode == 0:
        return None
    if child.returncode < 0:
        return f"ended by signal {-child.returncode}"
    return said.rpartition("\n")[2] or f"exited with {child.returncode}"


def _load_them(work: Path, cases: int, seed: int) -> int:
    """The child: writes and loads one package after the other."""
    import resource

    import hypothesis
    import structlog
    from tests.fixtures.damage import Package, damaged_packages

    from synthserve_core.compute.devices import CPU
    from synthserve_core.packages.reading import PackageLimits
    from synthserve_server.models.catalogue import FailedPackage
    from synthserve_server.models.repository import Repository

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = work / "models" / "m" / "1"
    folder.mkdir(parents=True)
    left = cases

    with (work / "results").open("w", buffering=1) as results:
        results.write("\n")  # from here on, time counts

        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=cases,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(damaged_packages())
        def load(package: Package) -> None:
            nonlocal left
            if left == 0:
                return
            (folder / "manifest.json").write_bytes(package.manifest)
            (folder / "model.onnx").write_bytes(package.graph)
            repository = Repository(work / "models", CPU, limits=PackageLimits(warm_up_seconds=1))
            repository.load()
            (loaded,) = repository.catalogue.models["m"]
            problem = _problem(loaded.reason) if isinstance(loaded, FailedPackage) else _misused(loaded)
            if problem:
                print(problem, flush=True)
                raise SystemExit(1)
            left -= 1
            results.write("failed\n" if isinstance(loaded, FailedPackage) else "ready\n")

        load()
    return 0


def _misused(package: CataloguePackage) -> str | None:
    """What is wrong with a package that has loaded: its graph may fail, but all else must work."""
    from synthserve_core.compute.cancellation import Cancellation
    from synthserve_core.compute.sampler import Draw, sample
    from synthserve_core.contract.model import Table
    from synthserve_core.encoding.rows import Format, row_encoder
    from synthserve_core.errors import CancelledWorkError, GraphError
    from synthserve_server.models.catalogue import ReadyPackage
    from synthserve_server.services.generation.wire import columns_response
    from synthserve_server.services.schemas import schema_of

    assert isinstance(package, ReadyPackage)
    cancellation = Cancellation()
    timer = threading.Timer(1, cancellation.cancel)
    timer.start()
    try:
        schema_of(package.loaded)
        table = package.model.output
        encoders = [row_encoder(table, one) for one in Format] if isinstance(table, Table) else []
        arrays = sample(Draw(package.model, package.loaded.session, seed=1, start=5, count=9), cancellation)
        for encoder in encoders:
            encoder.encode(arrays)
        if isinstance(table, Table):
            columns_response(table, arrays, None, 5)
    except (GraphError, CancelledWorkError):
        return None
    except Exception as error:
        return f"loaded, but cannot be used: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    finally:
        timer.cancel()
    return None


def _problem(reason: str) -> str | None:
    """What is wrong with a reason: it must be one sentence, and one that was thought of."""
    if reason == UNEXPECTED:
        return "an exception that was not reckoned with"
    if not reason or "\n" in reason or "Traceback" in reason or len(reason) > 1000:
        return f"the reason is no sentence: {reason[:200]!r}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=commands.count, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="the folder for findings")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return _load_them(arguments.child, arguments.cases, arguments.seed)
    outcome = Outcome()
    findings = []
    print(f"seed {arguments.seed}", flush=True)
    for finding in fuzz(arguments.cases, arguments.seed, arguments.keep, outcome):
        findings.append(finding)
        print(f"{finding.what}: {finding.folder}", flush=True)
    print(
        f"{outcome.cases} packages: {outcome.failed} failed with a reason, {outcome.ready} loaded, "
        f"{len(findings)} findings"
    )
    return int(bool(findings))


if __name__ == "__main__":
    commands.run(main)
