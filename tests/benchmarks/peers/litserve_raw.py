"""LitServe that sends raw bytes: inference in processes of their own, one a core and model.

    python -m tests.benchmarks.peers.litserve_raw exported 8000

Its fast queue (ZeroMQ) between the HTTP server and the workers, one HTTP server process, no request log. Rows are the
columns' memory, images PNG files behind their lengths; one body an answer.
"""

import argparse
from pathlib import Path
from typing import Any

import litserve
from fastapi import Response
from tests.benchmarks.peers.package import CORES, Package, newest


class PackageAPI(litserve.LitAPI):
    """A model package as an API; the request is a JSON object with the number of samples."""

    def __init__(self, folder: Path) -> None:
        super().__init__(api_path=f"/samples/{folder.parent.name}")
        self._folder = folder

    def setup(self, _device: str) -> None:
        """Opens the package, in the worker process."""
        self._package = Package(self._folder)

    def decode_request(self, request: dict[str, int]) -> int:
        """Reads the number of samples."""
        return request["count"]

    def predict(self, count: int) -> bytes:
        """Draws the samples."""
        return self._package.sample_bytes(count)

    def encode_response(self, output: bytes) -> Any:
        """Sends bytes as they are."""
        return Response(output, media_type="application/octet-stream")


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    server = litserve.LitServer(
        [PackageAPI(folder) for folder in newest(arguments.repository)],
        accelerator="cpu",
        devices=1,
        workers_per_device=CORES,
        timeout=False,
        fast_queue=True,
    )
    server.run(
        host="127.0.0.1",
        port=arguments.port,
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )


if __name__ == "__main__":
    main()
