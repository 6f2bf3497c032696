"""KServe's Python server: its gRPC service of the V2 protocol, raw tensors in the answer.

    python -m tests.benchmarks.peers.kserve_grpc exported 8000

KServe's servicer, data plane and interceptors stand on a gRPC server made here, because its own one listens on every
address of the machine. `predict` runs in as many threads as there are cores: on the event loop, as in KServe's own
examples, no two calls would be computed at the same time. Latency logging is off, and so is the log line of every call.
"""

import argparse
import asyncio
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from grpc import aio

# KServe reads the command line when it is imported.
arguments, sys.argv[1:] = sys.argv[1:], []
import kserve  # noqa: E402 - after that
from kserve.protocol.dataplane import DataPlane  # noqa: E402 - after that
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc  # noqa: E402 - after that
from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor, LoggingInterceptor  # noqa: E402 - after that
from kserve.protocol.grpc.servicer import InferenceServicer  # noqa: E402 - after that
from kserve.protocol.model_repository_extension import ModelRepositoryExtension  # noqa: E402 - after that
from kserve.utils.numpy_codec import from_np_dtype  # noqa: E402 - after that
from tests.benchmarks.peers.package import CORES, Package, packages  # noqa: E402 - after that

UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


class PackageModel(kserve.Model):
    """A model package as a KServe model; its one input is the number of samples."""

    def __init__(self, package: Package, threads: ThreadPoolExecutor) -> None:
        super().__init__(package.name)
        self._package = package
        self._threads = threads
        self.ready = True

    async def predict(self, payload: kserve.InferRequest, headers: dict[str, str] | None = None) -> Any:
        """Answers a request."""
        count = int(payload.inputs[0].as_numpy()[0])
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._answer, count, payload.id)

    def _answer(self, count: int, request: str) -> Any:
        if self._package.columns:
            arrays = self._package.draw(count)
            outputs = [tensor(column["name"], arrays[column["name"]]) for column in self._package.columns]
        else:
            outputs = [tensor("image", np.array(self._package.pngs(count), np.object_))]
        return kserve.InferResponse(request, self.name, outputs)


def tensor(name: str, array: np.ndarray[Any, Any]) -> Any:
    """An array as an output of raw bytes."""
    output = kserve.InferOutput(name, list(array.shape), from_np_dtype(array.dtype))
    output.set_data_from_numpy(array)
    return output


async def serve(repository: Path, port: int) -> None:
    """Serves until it is stopped."""
    models = kserve.ModelRepository()
    threads = ThreadPoolExecutor(CORES)
    for package in packages(repository).values():
        models.update(PackageModel(package, threads))
    server = aio.server(interceptors=(LoggingInterceptor(), ExceptionToStatusInterceptor()), options=UNLIMITED)
    grpc_predict_v2_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
        InferenceServicer(DataPlane(model_registry=models), ModelRepositoryExtension(model_registry=models)), server
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=Path)
    parser.add_argument("port", type=int)
    options = parser.parse_args(arguments)
    logging.getLogger("kserve").setLevel(logging.WARNING)
    asyncio.run(serve(options.repository, options.port))


if __name__ == "__main__":
    main()
