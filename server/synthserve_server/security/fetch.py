"""One bounded HTTP GET, which follows no redirect and asks no proxy."""

import asyncio
import ssl
from http import HTTPStatus

import httpx

# Bytes as they are sent: what is counted is then what is kept.
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "synthserve-server"}


class FetchError(Exception):
    """There is no good answer; the message is half a sentence that begins with a verb."""


async def get(url: str, most_bytes: int, seconds: float) -> bytes:
    """Gets what an address answers.

    Args:
        url: `https://` or `http://`.
        most_bytes: The most that it may send.
        seconds: The longest that all may take.

    Raises:
        FetchError: It cannot be reached, takes too long, sends too much, or answers another status than 200.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _get(url, most_bytes, seconds)
    except (TimeoutError, httpx.TimeoutException):  # of everything, of one step
        raise FetchError(f"has not answered within {seconds:g} s") from None
    except httpx.RemoteProtocolError as error:
        raise FetchError(f"does not answer as HTTP wants it: {error}") from None
    except (httpx.InvalidURL, UnicodeError):
        raise FetchError("has a host that is no name") from None
    except httpx.HTTPError as error:
        raise FetchError(_why(error)) from None


async def _get(url: str, most_bytes: int, seconds: float) -> bytes:
    trusted = ssl.create_default_context()  # the system's authorities, or those of SSL_CERT_FILE
    async with (
        httpx.AsyncClient(verify=trusted, trust_env=False, timeout=seconds, headers=_HEADERS) as client,
        client.stream("GET", url) as response,
    ):
        if response.status_code != HTTPStatus.OK:
            raise FetchError(f"answers {response.status_code}")
        received = bytearray()
        async for part in response.aiter_raw():
            received += part
            if len(received) > most_bytes:
                raise FetchError(f"sends more than {most_bytes} bytes")
        return bytes(received)


def _why(error: BaseException) -> str:
    """Says what the system said, below what the libraries made of it."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {error.verify_message}"
    return f"cannot be reached: {(error.strerror if isinstance(error, OSError) else None) or type(error).__name__}"
