"""Keys from a file and from an issuer that rotates them, is slow, talks nonsense or is away."""

import asyncio
import re
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme
from tests.fixtures.issuer import PATH, Answer, Key, KeyServer, key_set, says, serving, write_keys

from synthserve_server.errors import KeysUnavailableError
from synthserve_server.security import fetch, key_sources
from synthserve_server.security.fetch import FetchError
from synthserve_server.security.files import CredentialsError
from synthserve_server.security.key_sources import KeyEndpoint, KeyFile

OLD, NEW = Key("old"), Key("new")
NEVER = 3600.0


@pytest.fixture
def issuer() -> Iterator[KeyServer]:
    with serving(OLD) as server:
        yield server


@asynccontextmanager
async def endpoint(issuer: KeyServer, lifetime: float = NEVER, pause: float = NEVER) -> AsyncIterator[KeyEndpoint]:
    keys = KeyEndpoint(issuer.url, lifetime, pause)
    await keys.start()
    try:
        yield keys
    finally:
        await keys.close()


async def knows(keys: KeyEndpoint | KeyFile, key: Key) -> bool:
    return await keys.find(key.id, key.algorithm) is not None


async def until(happens: Callable[[], Awaitable[bool]]) -> None:
    """Waits for what a background task brings about."""
    async with asyncio.timeout(30):
        while True:
            if await happens():
                return
            await asyncio.sleep(0.01)


async def forgotten(keys: KeyEndpoint, key: Key) -> bool:
    return not await knows(keys, key)


async def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    with pytest.raises(CredentialsError, match=r"keys\.json cannot be read"):
        KeyFile(file)
    write_keys(file, OLD)
    keys = KeyFile(file)
    await keys.start()
    assert await knows(keys, OLD)
    assert not await knows(keys, NEW)
    write_keys(file, NEW)
    assert await knows(keys, NEW)
    assert not await knows(keys, OLD)
    file.write_text("broken")
    assert await knows(keys, NEW)
    await keys.close()


async def test_keys_are_fetched_once_and_kept(issuer: KeyServer) -> None:
    async with endpoint(issuer) as keys:
        for _ in range(50):
            assert await knows(keys, OLD)
    assert issuer.asked == [PATH]


async def test_a_new_key_is_known_when_its_first_token_comes(issuer: KeyServer) -> None:
    async with endpoint(issuer) as keys:
        issuer.answer = says(key_set(OLD, NEW))
        assert await knows(keys, NEW)
        assert await knows(keys, OLD)
        assert len(issuer.asked) == 2


async def test_a_new_key_is_asked_for_although_an_older_answer_is_on_its_way(issuer: KeyServer) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def late(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        go_on.wait(30)
        says(key_set(OLD))(handler)

    async with endpoint(issuer, lifetime=0.05) as keys:
        issuer.answer = late
        assert await asyncio.to_thread(asked.wait, 30)
        issuer.answer = says(key_set(OLD, NEW))
        finding = [asyncio.ensure_future(knows(keys, NEW)) for _ in range(5)]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(*finding) == [True] * 5


async def test_a_flood_of_unknown_keys_is_one_question(issuer: KeyServer) -> None:
    async with endpoint(issuer) as keys:
        bogus = [Key(f"bogus {number}", private=OLD.private) for number in range(500)]
        assert not any(await asyncio.gather(*(knows(keys, key) for key in bogus)))
        for key in bogus:
            assert not await knows(keys, key)
        assert len(issuer.asked) == 2
        assert await knows(keys, OLD)


async def test_after_the_pause_the_issuer_is_asked_again(issuer: KeyServer) -> None:
    async with endpoint(issuer, pause=0.05) as keys:
        assert not await knows(keys, NEW)
        issuer.answer = says(key_set(NEW))
        await until(lambda: knows(keys, NEW))
        assert not await knows(keys, OLD)


async def test_keys_that_the_issuer_withdraws_are_forgotten_without_a_question(issuer: KeyServer) -> None:
    async with endpoint(issuer, lifetime=0.05) as keys:
        issuer.answer = says(key_set(NEW))
        await until(lambda: forgotten(keys, OLD))
        assert await knows(keys, NEW)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Sends one byte after another, for ever."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.01)  # what a slow issuer does


def flood(handler: BaseHTTPRequestHandler) -> None:
    """Sends without an end."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up in the middle."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")


def another_protocol(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")


def endless_chunk(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\nx")


BAD: list[tuple[Answer, str]] = [
    (says(b"down", 500), "answers 500"),
    (says(key_set(NEW), 404), "answers 404"),
    (says(key_set(NEW), 302, Location="/elsewhere"), "answers 302"),
    (says(b"<html>"), "is not JSON"),
    (says(b'{"keys": []}'), "holds no public key"),
    (flood, "sends more than 1048576 bytes"),
    (drip, r"has not answered within 0\.3 s"),
    (cut_short, "does not answer in valid HTTP: peer closed connection"),
    (endless_chunk, "does not answer in valid HTTP: "),
    (another_protocol, "does not answer in valid HTTP"),
    (lambda _: None, "does not answer in valid HTTP"),
]


@pytest.mark.parametrize(("answer", "why"), BAD, ids=[why for _, why in BAD])
async def test_an_issuer_without_a_good_answer_changes_nothing(
    issuer: KeyServer, answer: Answer, why: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with endpoint(issuer, lifetime=0.02) as keys:
        issuer.answer = answer
        if answer is drip:  # The others have the usual time, as machines can be busy.
            monkeypatch.setattr(key_sources, "_FETCH_SECONDS", 0.3)
        asked = len(issuer.asked)

        async def kept_on_three_tries() -> bool:
            assert await knows(keys, OLD)
            return len(issuer.asked) >= asked + 3

        await until(kept_on_three_tries)
        issuer.answer = says(key_set(NEW))
        await until(lambda: forgotten(keys, OLD))
    assert set(issuer.asked) == {PATH}  # a redirection is not followed
    logged = "".join(capfd.readouterr())
    assert logged.count("keys of the issuer not fetched, the old ones stay") == 1
    assert re.search(why, logged)
    assert logged.rindex("keys of the issuer fetched") > logged.rindex("not fetched")


async def test_a_server_that_starts_before_its_issuer_says_that_it_cannot_tell_yet(issuer: KeyServer) -> None:
    good, issuer.answer = issuer.answer, says(b"starting", 503)
    async with endpoint(issuer, pause=0.05) as keys:
        with pytest.raises(KeysUnavailableError):
            await knows(keys, OLD)
        issuer.answer = good

        async def knows_at_last() -> bool:
            with suppress(KeysUnavailableError):
                return await knows(keys, OLD)
            return False

        await until(knows_at_last)


async def test_a_caller_that_gives_up_leaves_the_others_their_answer(issuer: KeyServer) -> None:
    async with endpoint(issuer) as keys:
        good = says(key_set(NEW))
        let_go = asyncio.Event()
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()

        def slow(handler: BaseHTTPRequestHandler) -> None:
            loop.call_soon_threadsafe(asked.set)
            asyncio.run_coroutine_threadsafe(let_go.wait(), loop).result()
            good(handler)

        issuer.answer = slow
        first, second = (asyncio.create_task(knows(keys, NEW)) for _ in range(2))
        await asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        let_go.set()
        assert await second
    assert len(issuer.asked) == 2


async def test_chunks_are_put_together(issuer: KeyServer) -> None:
    def chunked(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    issuer.answer = chunked
    assert await fetch.get(issuer.url, 1000, 30) == b"abcde"


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(FetchError, match="cannot be reached: "):
            await fetch.get(f"http://127.0.0.1:{taken.getsockname()[1]}/", 1000, 30)


async def test_a_host_that_is_no_name() -> None:
    with pytest.raises(FetchError, match="has an invalid host name"):
        await fetch.get("https://xn--a.example.org/", 1000, 30)


async def test_https_wants_a_certificate_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(FetchError, match="has a certificate that is not trusted: "):
            await fetch.get(f"https://localhost:{port}/", 1000, 30)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert await fetch.get(f"https://localhost:{port}/", 1000, 30) == b"ok"
        with pytest.raises(FetchError, match="is not trusted: "):  # its name is another
            await fetch.get(f"https://127.0.0.1:{port}/", 1000, 30)
