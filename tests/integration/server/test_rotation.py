"""Certificates, tokens and keys are replaced while calls come and streams run: none of them fails."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from scripts.server_process import ServerProcess
from tests.fixtures.certificates import Certificates, served_certificate
from tests.fixtures.issuer import AUDIENCE, ISSUER, Key, key_set, says, serving
from tests.fixtures.processes import log_with

import synthserve
from synthserve.v1 import generation_pb2, generation_pb2_grpc

CONNECTIONS = 8
SECONDS = 60.0

# Otherwise channels to one address share a connection.
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
ONCE = synthserve.RetryPolicy(start_attempts=1, resume_attempts=1)

Connect = Callable[[], synthserve.Client]


class Load:
    """Clients that each keep a stream open, read it, and beside it connect anew and call, again and again."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._stop = threading.Event()
        self._calls = [0] * CONNECTIONS
        self._more = threading.Condition()

    def run(self, number: int) -> None:
        """Makes calls until it is told to stop. Whatever fails is raised: nothing is tried again."""
        with self._connect() as lasting:
            stream = lasting.rows("tiny-table", seed=number)
            rows = iter(stream)
            while not self._stop.is_set():
                next(rows)
                lasting.model("tiny-table", timeout=SECONDS)
                with self._connect() as fresh:
                    assert len(list(fresh.rows("tiny-table", count=10, seed=number, timeout=SECONDS))) == 10
                with self._more:
                    self._calls[number] += 1
                    self._more.notify_all()
            stream.close()

    def wait(self, rounds: int) -> None:
        """Waits until each client has made so many more rounds."""
        with self._more:
            goal = [calls + rounds for calls in self._calls]
            assert self._more.wait_for(
                lambda: self._stop.is_set() or all(a >= b for a, b in zip(self._calls, goal, strict=True)), SECONDS
            )

    def stop(self) -> None:
        with self._more:
            self._stop.set()
            self._more.notify_all()


@contextmanager
def load(connect: Connect) -> Iterator[Load]:
    """Keeps a server busy; afterwards fails if any call has."""
    under = Load(connect)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        running = [threads.submit(under.run, number) for number in range(CONNECTIONS)]
        for one in running:
            one.add_done_callback(lambda _: under.stop())
        try:
            under.wait(2)
            yield under
        finally:
            under.stop()
        for one in running:
            one.result()


def test_the_certificate_is_replaced_under_load(
    serve: Callable[..., ServerProcess], certificates: Certificates
) -> None:
    server = serve(*certificates.flags)
    port = int(server.address.rpartition(":")[2])
    trusting = certificates.trusting()

    def connect() -> synthserve.Client:
        return synthserve.Client(f"localhost:{port}", credentials=trusting, options=OWN_CONNECTION, retry=ONCE)

    seen = {served_certificate(port)}
    with load(connect) as under:
        for renewals in (1, 2, 3):
            certificates.renew()
            under.wait(2)
            seen.add(served_certificate(port))
            assert len(seen) == renewals + 1
    log_with(server, "credentials renewed")


def digests(*tokens: str) -> str:
    return "".join(f"{token} {hashlib.sha256(token.encode()).hexdigest()}\n" for token in tokens)


def test_a_token_is_replaced_under_load(serve: Callable[..., ServerProcess], tmp_path: Path) -> None:
    file, current = tmp_path / "tokens", ["first"]

    def write(*tokens: str) -> None:
        new = file.with_suffix(".new")
        new.write_text(digests(*tokens))
        new.replace(file)

    write("first")
    server = serve("--token-file", str(file))
    with load(lambda: rotating(server, lambda: current[0])) as under:
        for before, after in (("first", "second"), ("second", "third")):
            write(before, after)
            under.wait(1)
            current[0] = after
            under.wait(2)  # so that no call with the old one is on its way
            write(after)
            under.wait(1)
    with rotating(server, lambda: "first") as client, pytest.raises(synthserve.Unauthenticated):
        client.models()


def rotating(server: ServerProcess, token: Callable[[], str]) -> synthserve.Client:
    return synthserve.Client(server.address, token=token, options=OWN_CONNECTION, retry=ONCE)


def test_the_issuer_changes_its_key_under_load(serve: Callable[..., ServerProcess]) -> None:
    first, second = Key("first"), Key("second")
    with serving(first) as issuer:
        flags = ("--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE, "--jwks-refresh-seconds", "1")
        server = serve("--jwks", issuer.url, *flags)
        current = [first]
        with load(lambda: rotating(server, lambda: current[0].sign())) as under:
            # As issuers do it: published, then used. The server learns of it from the first token.
            issuer.answer = says(key_set(first, second))
            current[0] = second
            under.wait(2)
            issuer.answer = says(key_set(second))
            asked = len(issuer.asked)
            while len(issuer.asked) < asked + 2:
                under.wait(1)
            issuer.answer = says(b"", 500)
            under.wait(2)
        with rotating(server, first.sign) as client, pytest.raises(synthserve.Unauthenticated):
            client.models()


def test_a_stream_outlives_its_token_and_is_not_begun_again_with_it(
    serve: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    file = tmp_path / "tokens"
    file.write_text(digests("first"))
    server = serve("--token-file", str(file))
    with grpc.insecure_channel(server.address) as channel:
        generation = generation_pb2_grpc.GenerationServiceStub(channel)
        request = generation_pb2.GenerateRowsRequest(model="models/tiny-table", seed=1)
        stream = generation.GenerateRows(request, metadata=(("authorization", "Bearer first"),))
        next(stream)
        new = file.with_suffix(".new")
        new.write_text(digests("second"))
        new.replace(file)
        again = generation.GenerateRows(request, metadata=(("authorization", "Bearer first"),))
        with pytest.raises(grpc.RpcError) as caught:
            next(again)
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
        for _ in range(20):
            assert next(stream).row_count
        stream.cancel()
