"""A gRPC client that counts the bytes of answers and drops them, over one HTTP/2 connection, one call at a time.

It does as little as the HTTP client beside it: a call is three frames that are made once, and of an answer nothing but
the heads of frames is looked at (RFC 9113). So what is measured is the server. Frames come as HTTP/2 has them unless a
client asks for larger ones: 16 KiB.
"""

import asyncio
import struct
import time

BUFFER = 256 << 10

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_WINDOW = (1 << 31) - 1
FIRST_WINDOW = 65_535
HEAD = 9
"""The bytes of the head of a frame."""

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
INITIAL_WINDOW_SIZE = 4
CANCEL = 8

METHOD_POST, SCHEME_HTTP, PATH, AUTHORITY = 0x83, 0x86, 4, 1
"""Entries of the static table of HPACK (RFC 7541): two whole fields, two names."""


class GrpcConnection(asyncio.BufferedProtocol):
    """One connection; one call at a time."""

    def __init__(self) -> None:
        """Prepares the connection."""
        self._buffer = memoryview(bytearray(BUFFER))
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[None] | None = None
        self._stream = -1
        self._head = b""
        """What has come of the head of a frame and is not whole yet."""
        self._type = self._flags = self._of = 0
        """The frame that is coming: its type, its flags, its stream."""
        self._left = 0
        """What is still to come of its content."""
        self._content = bytearray()
        """What has come of it, unless it is data."""
        self._in_frame = False
        self._unacknowledged = 0
        self._until_first = False
        self._started = 0.0
        self.first: float | None = None
        """Seconds from the request to the first bytes of the answer."""
        self.received = 0
        """Bytes of the answer: its messages, each behind five bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        settings = struct.pack(">HI", INITIAL_WINDOW_SIZE, LARGEST_WINDOW)
        more = struct.pack(">I", LARGEST_WINDOW - FIRST_WINDOW)
        transport.write(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(WINDOW_UPDATE, 0, 0, more))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc}")

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        data = self._buffer[:nbytes]
        while data:
            if not self._in_frame:
                data = self._take_head(data)
            taken = data[: self._left]
            self._left -= len(taken)
            data = data[len(taken) :]
            if self._in_frame and self._type != DATA:
                self._content += taken
            if self._in_frame and self._left == 0:
                self._in_frame = False
                self._end_frame()

    async def ask(self, headers: bytes, request: bytes) -> None:
        """Makes a call and waits for its end; `first` and `received` are then those of it.

        Args:
            headers: See `call_headers`.
            request: The serialised request.

        Raises:
            ConnectionError: The call failed, or the connection.
        """
        assert self._transport is not None
        self.first, self.received = None, 0
        self._answer = asyncio.get_running_loop().create_future()
        self._stream += 2
        message = struct.pack(">BI", 0, len(request)) + request
        self._started = time.perf_counter()
        self._transport.write(
            frame(HEADERS, END_HEADERS, self._stream, headers) + frame(DATA, END_STREAM, self._stream, message)
        )
        await self._answer

    async def first_bytes(self, headers: bytes, request: bytes) -> float:
        """Makes a call, waits for the first bytes of its answer, cancels it and tells the seconds."""
        self._until_first = True
        await self.ask(headers, request)
        assert self._transport is not None
        self._transport.write(frame(RST_STREAM, 0, self._stream, struct.pack(">I", CANCEL)))
        return self.first or 0.0

    def close(self) -> None:
        """Closes the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _take_head(self, data: memoryview) -> memoryview:
        missing = HEAD - len(self._head)
        self._head += bytes(data[:missing])
        if len(self._head) < HEAD:
            return data[missing:]
        high, low, self._type, self._flags, self._of = struct.unpack(">BHBBI", self._head)
        self._left, self._head, self._in_frame = high << 16 | low, b"", True
        self._content.clear()
        if self._type == DATA:
            self._count(self._left)
        if self._left == 0:
            self._in_frame = False
            self._end_frame()
        return data[missing:]

    def _count(self, size: int) -> None:
        assert self._transport is not None
        self._unacknowledged += size
        if self._unacknowledged > LARGEST_WINDOW // 2:
            self._transport.write(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", self._unacknowledged)))
            self._unacknowledged = 0
        if self._of != self._stream or not size:
            return  # of a call that was cancelled
        if self._flags & PADDED:
            self._fail("padded data, which is not understood here")
        if self.first is None:
            self.first = time.perf_counter() - self._started
            if self._until_first:
                self._end()
        self.received += size

    def _end_frame(self) -> None:
        assert self._transport is not None
        if self._type == SETTINGS and not self._flags & ACK:
            self._transport.write(frame(SETTINGS, ACK, 0, b""))
        elif self._type == PING and not self._flags & ACK:
            self._transport.write(frame(PING, ACK, 0, bytes(self._content)))
        elif self._type == GOAWAY:
            self._fail(f"the server goes away: {bytes(self._content[8:])!r}")
        elif self._of == self._stream and self._type == RST_STREAM:
            self._fail("the server reset the call")
        elif self._of == self._stream and self._flags & END_STREAM and self._type in (DATA, HEADERS):
            # The status is in compressed headers; a call that fails has no data before it.
            if self.received:
                self._end()
            else:
                self._fail(f"the call failed: {bytes(self._content)!r}")

    def _end(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def _fail(self, why: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(why))


async def connect(address: str) -> GrpcConnection:
    """Opens a connection to HOST:PORT."""
    host, _, port = address.rpartition(":")
    _, connection = await asyncio.get_running_loop().create_connection(GrpcConnection, host, int(port))
    return connection


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    """A frame of HTTP/2."""
    return struct.pack(">BHBBI", len(content) >> 16, len(content) & 0xFFFF, kind, flags, stream) + content


def call_headers(address: str, method: str) -> bytes:
    """The header block of calls of a method, with nothing that a server would have to remember."""
    named = [(PATH, method), (AUTHORITY, address)]
    literal = [("te", "trailers"), ("content-type", "application/grpc")]
    return b"".join(
        [
            bytes([METHOD_POST, SCHEME_HTTP]),
            *(bytes([name]) + _text(value) for name, value in named),
            *(b"\0" + _text(name) + _text(value) for name, value in literal),
        ]
    )


def _text(text: str) -> bytes:
    data = text.encode()
    assert len(data) < 0x7F  # longer ones have more than one byte of length
    return bytes([len(data)]) + data
