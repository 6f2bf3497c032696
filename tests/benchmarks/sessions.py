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
from tests.fixtures import commands

from synthserve_server.models.repository import Repository
from synthserve_core.compute.devices import CPU

SIZES = (1, 64, 8192)
MOST_IMAGES = 64
PROVIDERS = ["CPUExecutionProvider"]

Arrays = dict[str, NDArray[Any]]


def main() -> None:
    """Measures, and prints two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-repository", type=Path, default=Path("exported"))
    parser.add_argument("--repeats", type=commands.count, default=31)
    arguments = parser.parse_args()
    repository = Repository(arguments.model_repository, CPU)
    repository.load()
    loads, runs = [], []
    for package in repository.catalogue.served():
        graph = (
            arguments.model_repository / package.id / str(package.version) / package.manifest.graph.file
        ).read_bytes()
        name = f"{package.id} {package.version}"
        loads.append(
            (name, *compared(loading(graph), loading(optimised(graph), optimise=False), arguments.repeats, 1e3))
        )
        session = onnxruntime.InferenceSession(graph, options(), providers=PROVIDERS)
        for size in SIZES:
            if size <= MOST_IMAGES or package.manifest.WhichOneof("output") == "table":
                feeds = inputs(session, size)
                pair = compared(running(session, feeds), bound(session, feeds), arguments.repeats, 1e6)
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


def inputs(session: onnxruntime.InferenceSession, size: int) -> Arrays:
    """Noise, and conditions that are not set."""
    generator = np.random.default_rng(0)
    shapes = {node.name: (size, *node.shape[1:]) for node in session.get_inputs()}
    return {
        name: generator.standard_normal(shape, np.float32) if name == "latent" else np.full(shape, -1, np.int64)
        for name, shape in shapes.items()
    }


def running(session: onnxruntime.InferenceSession, feeds: Arrays) -> Callable[[], object]:
    """Runs a graph as the server does."""
    return lambda: session.run(None, feeds)


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
