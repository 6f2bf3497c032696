"""MLServer: its gRPC service of the V2 protocol, raw contents in the answer.

    python -m tests.benchmarks.peers.mlserver_grpc exported 8000

Without parallel workers, so that answers are not sent from process to process; `predict` runs in as many threads as
there are cores. Metrics, debug log and gzip are off. Rows are one BYTES element that holds the columns' memory: as
tensors of numbers MLServer would turn each value into a Python object. Images are one element each.
"""

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput
from tests.benchmarks.peers.package import CORES, Package, newest

THREADS = ThreadPoolExecutor(CORES)


class PackageModel(MLModel):
    """A model package as an MLServer model; its one input is the number of samples."""

    async def load(self) -> bool:
        """Opens the package."""
        self._package = Package(Path(self.settings.parameters.uri))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answers a request."""
        count = payload.inputs[0].data[0]
        output = await asyncio.get_running_loop().run_in_executor(THREADS, self._answer, count)
        return InferenceResponse(model_name=self.name, outputs=[output])

    def _answer(self, count: int) -> ResponseOutput:
        data = [self._package.row_bytes(count)] if self._package.columns else self._package.pngs(count)
        return ResponseOutput(name="samples", shape=[len(data)], datatype="BYTES", data=data)


async def serve(repository: Path, port: int) -> None:
    """Serves until it is stopped."""
    settings = Settings(
        host="127.0.0.1",
        http_port=0,
        grpc_port=port,
        grpc_max_message_length=-1,
        parallel_workers=0,
        metrics_endpoint=None,
        debug=False,
        gzip_enabled=False,
    )
    models = [
        ModelSettings(name=folder.parent.name, implementation=PackageModel, parameters=ModelParameters(uri=str(folder)))
        for folder in newest(repository)
    ]
    await MLServer(settings).start(models)


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.repository, arguments.port))


if __name__ == "__main__":
    # Under this name MLServer finds the class again; `__main__` would be another module to it.
    from tests.benchmarks.peers import mlserver_grpc

    mlserver_grpc.main()
