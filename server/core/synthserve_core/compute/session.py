"""onnxruntime sessions: graphs that are ready to run."""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.devices import Devices, Provider
from synthserve_core.contract.model import Method, Tensor, Tensors
from synthserve_core.errors import CancelledWorkError, GraphError, GraphInputError, RefusedConditionsError

# Errors are raised as exceptions, so onnxruntime need not print them.
onnxruntime.set_default_logger_severity(4)

BATCH = "batch"
"""The name of the first dimension of every input and output."""

REFUSAL = "refuse: "
"""How the name of a node begins that fails where no sample fulfils the conditions. The rest of the name says why."""

_REFUSED = re.compile(rf"Name:'{REFUSAL}(.*)' Status Message:")

_DTYPES = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(double)": np.dtype(np.float64),
    "tensor(int64)": np.dtype(np.int64),
    "tensor(int32)": np.dtype(np.int32),
    "tensor(bool)": np.dtype(np.bool_),
    "tensor(uint8)": np.dtype(np.uint8),
}


class Session:
    """A loaded graph, on one or several devices. Any number of threads may run it at the same time.

    Attributes:
        devices: Where it runs.
        least: The fewest samples of a run; smaller batches are padded, which takes as long.
    """

    def __init__(self, graph: bytes, devices: Devices, batch_size: int) -> None:
        """Loads a graph.

        Args:
            graph: The ONNX model.
            devices: Where to run it; each run uses the least busy device.
            batch_size: The batch size of every run on a GPU. Smaller batches are padded with zeros there, which changes
                no sample: none depends on the others in its batch.

        Raises:
            GraphError: onnxruntime cannot load the model, or not on these devices.
        """
        options = onnxruntime.SessionOptions()
        # Parallelism comes from the worker threads: each of them runs whole graphs, one thread each.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        try:
            # The fallback would print the error and retry on the CPU.
            self._sessions = [
                onnxruntime.InferenceSession(graph, options, providers=providers, enable_fallback=0)
                for providers in devices.ort_providers
            ]
        except Exception as error:  # onnxruntime's exceptions share no base class.
            raise GraphError(f"onnxruntime cannot load the graph: {_first_line(error)}") from error
        # onnxruntime uses the CPU without a warning when the libraries of a GPU do not load.
        for session, (wanted, *_) in zip(self._sessions, devices.ort_providers, strict=True):
            name = wanted if isinstance(wanted, str) else wanted[0]
            if session.get_providers()[0] != name:
                raise GraphError(f"onnxruntime does not load the graph with {name}")
        self.devices = devices
        self._running = [0] * len(self._sessions)
        self._lock = threading.Lock()
        self._shared = {node.name for node in self._sessions[0].get_inputs() if node.shape[:1] == [1]}
        self._outputs = [output.name for output in self._sessions[0].get_outputs()]
        # cuBLAS and cuDNN choose their kernels, and so the rounding, by the batch size.
        self.least = 1 if devices.provider is Provider.CPU else batch_size

    def check(self, method: Method) -> None:
        """Compares the graph's inputs and outputs with those that the manifest declares.

        Raises:
            GraphError: A name, dtype or shape differs.
        """
        _check("input", self._sessions[0].get_inputs(), method.input_tensors)
        _check("output", self._sessions[0].get_outputs(), method.output_tensors)

    def run(self, feeds: Tensors, size: int, cancellation: Cancellation) -> dict[str, NDArray[Any]]:
        """Runs the graph.

        Args:
            feeds: The inputs by name, `[size, ...]` each, or `[1, ...]` where all samples share them.
            size: How many samples.
            cancellation: Ends the run between two nodes of the graph.

        Returns:
            The outputs by name. Their shapes and dtypes are not checked.

        Raises:
            CancelledWorkError: The run was cancelled.
            GraphInputError: The graph failed because of the value of an input, such as an index that is too large.
            RefusedConditionsError: No sample fulfils the conditions.
            GraphError: The graph failed, or the batch size of an output is wrong.
        """
        options = onnxruntime.RunOptions()
        options.log_severity_level = 4
        missing = max(0, self.least - size)
        if missing:
            feeds = {name: array if name in self._shared else _filled(array, missing) for name, array in feeds.items()}

        def terminate() -> None:
            options.terminate = True

        try:
            with self._least_busy() as session, cancellation.interrupting(terminate):
                arrays = session.run(self._outputs, feeds, options)
        except CancelledWorkError:
            raise
        except InvalidArgument as error:
            raise GraphInputError(
                f"onnxruntime does not run the graph with these inputs: {_first_line(error)}"
            ) from error
        except Exception as error:
            cancellation.check()
            if refused := _REFUSED.search(str(error)):
                raise RefusedConditionsError(refused[1]) from None
            raise GraphError(f"onnxruntime cannot run the graph: {_first_line(error)}") from error
        results = dict(zip(self._outputs, arrays, strict=True))
        return {name: _cut(name, array, size, missing) for name, array in results.items()} if missing else results

    def on_each_device(self) -> "list[Session]":
        """One session for each device, bound to that device."""
        bound = []
        for index, one in zip(self.devices.indices, self._sessions, strict=True):
            session = copy(self)
            session.devices = replace(self.devices, indices=(index,))
            session._sessions, session._running = [one], [0]
            bound.append(session)
        return bound

    @contextmanager
    def _least_busy(self) -> Iterator[onnxruntime.InferenceSession]:
        with self._lock:
            device = self._running.index(min(self._running))
            self._running[device] += 1
        try:
            yield self._sessions[device]
        finally:
            with self._lock:
                self._running[device] -= 1


def _filled(array: NDArray[Any], missing: int) -> NDArray[Any]:
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)])


def _cut(name: str, array: NDArray[Any], size: int, missing: int) -> NDArray[Any]:
    if array.shape[:1] != (size + missing,):
        raise GraphError(f"the output {name!r} is {list(array.shape)}, for a batch of {size + missing}")
    return array[:size]


def _check(kind: str, nodes: list[Any], expected: Mapping[str, Tensor]) -> None:
    found = {node.name: node for node in nodes}
    if missing := expected.keys() - found.keys():
        raise GraphError(f"the graph has no {kind} {_quoted(missing)}, which the manifest declares")
    if extra := found.keys() - expected.keys():
        raise GraphError(f"the graph has the {kind} {_quoted(extra)}, which the manifest does not declare")
    for name, tensor in expected.items():
        node = found[name]
        dtype = _DTYPES.get(node.type)
        if dtype != tensor.dtype:
            raise GraphError(f"the graph's {kind} {name!r} is {node.type}, not {tensor.dtype} as the manifest says")
        shape = [1 if tensor.shared else BATCH, *tensor.shape]
        if list(node.shape) != shape:
            raise GraphError(
                f"the graph's {kind} {name!r} has the shape {node.shape}, not {shape} as the manifest says"
            )


def _quoted(names: set[str]) -> str:
    return ", ".join(repr(name) for name in sorted(names))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
