"""An HTTP/1.1 client that counts the bytes of bodies and drops them, over one connection that is kept.

It does as little as the gRPC client that counts bytes, or less: the kernel writes into one buffer again and again, and
of a body nothing but the frames of chunks is looked at.
"""

import asyncio
import time
from collections.abc import Callable

BUFFER = 256 << 10
PIECE = 4096
"""How much is copied at a time while the end of a head is looked for."""


class HttpConnection(asyncio.BufferedProtocol):
    """One connection; one request at a time."""

    def __init__(self, keep: Callable[[bytes], None] | None = None) -> None:
        """Prepares the connection.

        Args:
            keep: Takes the parts of bodies; None: they are dropped.
        """
        self._buffer = memoryview(bytearray(BUFFER))
        self._keep = keep
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[None] | None = None
        self._head = b""
        """What has come of the head of an answer or of a chunk and is not whole yet."""
        self._in_body = False
        self._chunked = False
        self._left = 0
        """What is still to come of the body, or of the chunk and the line end behind it."""
        self._line_end = 0
        """How much of what is left is the line end behind a chunk."""
        self._until_first = False
        self._started = 0.0
        self.first: float | None = None
        """Seconds from the request to the first bytes of the body."""
        self.received = 0
        """Bytes of the body."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionError(f"the server closed the connection: {exc}"))

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        try:
            self._parse(self._buffer[:nbytes])
        except (ValueError, ConnectionError) as error:
            self._fail(ConnectionError(f"no HTTP that is understood: {error}"))
            self.close()

    async def ask(self, request: bytes) -> None:
        """Sends a request and waits for the end of its answer; `first` and `received` are then those of it."""
        assert self._transport is not None
        self.first, self.received, self._head, self._in_body = None, 0, b"", False
        self._answer = asyncio.get_running_loop().create_future()
        self._started = time.perf_counter()
        self._transport.write(request)
        await self._answer

    async def first_bytes(self, request: bytes) -> float:
        """Sends a request, waits for the first bytes of its body, tells the seconds; then only `close` is allowed."""
        self._until_first = True
        await self.ask(request)
        return self.first or 0.0

    def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _parse(self, data: memoryview) -> None:
        while data:
            if not self._in_body:
                data = self._parse_head(data)
                continue
            if self._chunked and self._left == 0:
                data = self._parse_chunk_head(data)
                continue
            taken = data[: self._left]
            self._take(taken[: max(0, self._left - self._line_end)])
            self._left -= len(taken)
            data = data[len(taken) :]
            if not self._chunked and self._left == 0:
                self._end()

    def _parse_head(self, data: memoryview) -> memoryview:
        before = len(self._head)
        self._head += bytes(data[:PIECE])
        # The empty line behind a chunked body can come after its end was seen.
        if before == 0 and self._head[:2] == b"\r\n":
            self._head = b""
            return data[2:]
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return data[PIECE:]
        status, *lines = self._head[:end].lower().split(b"\r\n")
        if status.split()[1] != b"200":
            raise ConnectionError(f"{status.decode()}: {self._head[end + 4 :][:200].decode(errors='replace')}")
        fields = dict(line.split(b": ", 1) for line in lines)
        self._chunked = fields.get(b"transfer-encoding") == b"chunked"
        self._left = 0 if self._chunked else int(fields[b"content-length"])
        self._line_end = 0
        self._head, self._in_body = b"", True
        if not self._chunked and self._left == 0:
            self._end()
        return data[end + 4 - before :]

    def _parse_chunk_head(self, data: memoryview) -> memoryview:
        line, found, _ = bytes(data[:PIECE]).partition(b"\n")
        self._head += line
        if not found:
            return data[PIECE:]
        size, self._head = int(self._head, 16), b""
        if size == 0:
            self._end()
        else:
            self._left, self._line_end = size + 2, 2
        return data[len(line) + 1 :]

    def _take(self, part: memoryview) -> None:
        if not part:
            return
        if self.first is None:
            self.first = time.perf_counter() - self._started
            if self._until_first:
                self._end()
        self.received += len(part)
        if self._keep is not None:
            self._keep(bytes(part))

    def _end(self) -> None:
        self._in_body = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


async def connect(address: str, keep: Callable[[bytes], None] | None = None) -> HttpConnection:
    """Opens a connection to HOST:PORT."""
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: HttpConnection(keep), host, int(port))
    return connection


def get(address: str, path: str) -> bytes:
    """A request for a path."""
    return f"GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()


def post(address: str, path: str, body: bytes) -> bytes:
    """A request that sends a JSON body."""
    head = f"POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
