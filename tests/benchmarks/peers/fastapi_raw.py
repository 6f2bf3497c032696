"""FastAPI that sends raw bytes: the fastest that a plain HTTP server of the same graph is likely to be.

    python -m tests.benchmarks.peers.fastapi_raw exported 8000 --workers 1

uvicorn with uvloop and httptools, no access log. Handlers are sync and run in twice as many threads as there are cores,
as the work is bound by the cores and not by waiting; with several worker processes each has its share of the threads.
Rows are the columns' memory, images PNG files behind their lengths. Large jobs are streamed in chunks.
"""

import argparse
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse
from tests.benchmarks.peers.package import CORES, packages

WHOLE_ROWS = 131_072
"""The most rows that are sent as one body of known length."""
CHUNK_ROWS = 65_536
WHOLE_IMAGES = 128
"""The most images that are sent as one body of known length; also the images in a chunk."""

BINARY = "application/octet-stream"


def application() -> FastAPI:
    """Builds the application; its settings are in the environment, as worker processes call this by its name."""
    served = packages(Path(os.environ["PEER_REPOSITORY"]))
    threads = int(os.environ["PEER_THREADS"])

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/rows/{model}")
    def rows(model: str, count: int) -> Response:
        package = served[model]
        if count <= WHOLE_ROWS:
            return Response(package.row_bytes(count), media_type=BINARY)
        return StreamingResponse(map(package.row_bytes, sizes(count, CHUNK_ROWS)), media_type=BINARY)

    @app.get("/images/{model}")
    def images(model: str, count: int) -> Response:
        package = served[model]
        if count <= WHOLE_IMAGES:
            return Response(package.png_bytes(count), media_type=BINARY)
        return StreamingResponse(map(package.png_bytes, sizes(count, WHOLE_IMAGES)), media_type=BINARY)

    return app


def sizes(count: int, most: int) -> Iterator[int]:
    """Cuts a count into chunks."""
    return (min(most, count - start) for start in range(0, count, most))


def main() -> None:
    """Serves."""
    parser = argparse.ArgumentParser()
    parser.add_argument("repository")
    parser.add_argument("port", type=int)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["PEER_REPOSITORY"] = arguments.repository
    os.environ["PEER_THREADS"] = str(max(1, 2 * CORES // arguments.workers))
    uvicorn.run(
        "tests.benchmarks.peers.fastapi_raw:application",
        factory=True,
        host="127.0.0.1",
        port=arguments.port,
        workers=arguments.workers,
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
