"""What onnxruntime's IO binding and graphs optimised beforehand would bring on the CPU.

    python -m tests.benchmarks.sessions

Processor time of one thread, medians of interleaved repeats. Bound: the inputs and preallocated outputs are bound anew
for each run, as streams of several seeds and sizes share a session. Optimised beforehand: the graph that onnxruntime
writes after its own optimisations, loaded without any.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tests.benchmarks import report
from tests.benchmarks.models import newest
from tests.fixtures import commands

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import CPU
from synthserve_core.compute.sampler import Draw
from synthserve_core.compute.session import Session
from synthserve_core.contract.model import Table
from synthserve_core.packages.reading import load_package

SIZES = (1, 64, 8192)
MOST_IMAGES = 64
PROVIDERS = ["CPUExecutionProvider"]
SEED = 7

Arrays = dict[str, NDArray[Any]]


def main() -> None:
    """Measures, and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--repeats", type=commands.count, default=31)
    arguments = parser.parse_args()
    loads, runs = [], []
    for name, folder in newest(arguments.model_repository).items():
        package = load_package(folder, CPU)
        graph = (folder / package.model.generate.file).read_bytes()
        loads.append(
            (name, *compared(loading(graph), loading(optimised(graph), optimise=False), arguments.repeats, 1e3))
        )
        session = onnxruntime.InferenceSession(graph, options(), providers=PROVIDERS)
        for size in SIZES:
            if size <= MOST_IMAGES or isinstance(package.model.output, Table):
                feeds = Draw(package.model, package.session, SEED, 0, size).feeds(0, size)
                pair = compared(running(package.session, feeds, size), bound(session, feeds), arguments.repeats, 1e6)
                runs.append((f"{name}, {size:,} samples", *pair))
    print(report.table(("loading a graph, ms", "as exported", "optimised beforehand"), loads) + "\n")
    print(report.table(("a run, µs", "run", "with IO binding"), runs))


def compared(one: Callable[[], object], other: Callable[[], object], repeats: int, scale: float) -> tuple[str, str]:
    """The median processor time of each, taken in turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for act, seconds in zip((one, other), taken, strict=True):
            started = time.thread_time()
            act()
            seconds.append(time.thread_time() - started)
    first, second = (f"{median(seconds) * scale:.1f}" for seconds in taken)
    return first, second


def options(*, optimise: bool = True) -> onnxruntime.SessionOptions:
    """Options as the server has them."""
    found = onnxruntime.SessionOptions()
    found.intra_op_num_threads = 1
    found.log_severity_level = 4
    if not optimise:
        found.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return found


def optimised(graph: bytes) -> bytes:
    """What onnxruntime makes of a graph."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "optimised.onnx"
        writing = options()
        writing.optimized_model_filepath = str(file)
        onnxruntime.InferenceSession(graph, writing, providers=PROVIDERS)
        return file.read_bytes()


def loading(graph: bytes, *, optimise: bool = True) -> Callable[[], object]:
    """Loads a graph."""
    return lambda: onnxruntime.InferenceSession(graph, options(optimise=optimise), providers=PROVIDERS)


def running(session: Session, feeds: Arrays, size: int) -> Callable[[], object]:
    """Runs a graph as the server does."""
    cancellation = Cancellation()
    return lambda: session.run(feeds, size, cancellation)


def bound(session: onnxruntime.InferenceSession, feeds: Arrays) -> Callable[[], object]:
    """Runs a graph with everything bound."""
    names = [node.name for node in session.get_outputs()]
    outputs = dict(zip(names, map(np.empty_like, session.run(names, feeds)), strict=True))

    def run() -> None:
        binding = session.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, array)
        for name, array in outputs.items():
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        session.run_with_iobinding(binding)

    return run


if __name__ == "__main__":
    commands.run(main)
