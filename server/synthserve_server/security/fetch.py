"""A bounded HTTP GET, which follows no redirects and uses no proxy."""

import asyncio
import ssl
from http import HTTPStatus

import httpx

# No compression, so that the bytes received are the bytes kept.
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "synthserve-server"}


class FetchError(Exception):
    """The address gave no valid answer; the message begins with a verb and follows the name of the address."""


async def get(url: str, most_bytes: int, seconds: float) -> bytes:
    """Fetches the content of an address.

    Args:
        url: `https://` or `http://`.
        most_bytes: The most bytes of the content.
        seconds: The time limit for the whole request.

    Raises:
        FetchError: It cannot be reached, takes too long, sends too much, or answers another status than 200.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _get(url, most_bytes, seconds)
    except (TimeoutError, httpx.TimeoutException):  # of the whole request, of one step
        raise FetchError(f"has not answered within {seconds:g} s") from None
    except httpx.RemoteProtocolError as error:
        raise FetchError(f"does not answer in valid HTTP: {error}") from None
    except (httpx.InvalidURL, UnicodeError):
        raise FetchError("has an invalid host name") from None
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
    """The error of the operating system beneath those of the libraries."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"has a certificate that is not trusted: {error.verify_message}"
    return f"cannot be reached: {(error.strerror if isinstance(error, OSError) else None) or type(error).__name__}"
