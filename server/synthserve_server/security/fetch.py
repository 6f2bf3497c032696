"""One bounded HTTP GET. It takes no thread, follows no redirect and asks no proxy."""

import asyncio
import http.client
import io
import ssl
from typing import Any
from urllib.parse import urlsplit

_CHUNK = 64 * 1024


class FetchError(Exception):
    """There is no good answer; the message is half a sentence that begins with a verb."""


async def get(url: str, most_bytes: int, seconds: float) -> bytes:
    """Gets what an address answers.

    Args:
        url: `https://` or `http://`.
        most_bytes: The most that it may send, headers counted.
        seconds: The longest that all may take.

    Raises:
        FetchError: It cannot be reached, takes too long, sends too much, or answers another status than 200.
    """
    try:
        async with asyncio.timeout(seconds):
            return _body(await _exchange(url, most_bytes))
    except TimeoutError:
        raise FetchError(f"has not answered within {seconds:g} s") from None
    except ssl.SSLCertVerificationError as error:
        raise FetchError(f"has a certificate that is not trusted: {error.verify_message}") from None
    except (http.client.HTTPException, OverflowError) as error:  # a length can be too large to count to
        raise FetchError(f"does not answer as HTTP wants it: {type(error).__name__}") from None
    except UnicodeError:
        raise FetchError("has a host that is no name") from None
    except OSError as error:
        raise FetchError(f"cannot be reached: {error.strerror or type(error).__name__}") from None


async def _exchange(url: str, most_bytes: int) -> bytes:
    place = urlsplit(url)
    secure = ssl.create_default_context() if place.scheme == "https" else None
    reader, writer = await asyncio.open_connection(place.hostname, place.port or (443 if secure else 80), ssl=secure)
    try:
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: application/json\r\n"
            "User-Agent: synthserve-server\r\nConnection: close\r\n\r\n".encode()
        )
        received = bytearray()
        while chunk := await reader.read(_CHUNK):
            received += chunk
            if len(received) > most_bytes:
                raise FetchError(f"sends more than {most_bytes} bytes")
        return bytes(received)
    finally:
        writer.transport.abort()


class _Received:
    """What http.client takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _body(data: bytes) -> bytes:
    received: Any = _Received(data)
    with http.client.HTTPResponse(received) as response:
        response.begin()
        if response.status != http.HTTPStatus.OK:
            raise FetchError(f"answers {response.status}")
        return response.read()
