"""The servers that a play needs."""

import hashlib
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import trustme
from tests.conformance import models
from tests.fixtures.certificates import Certificates
from tests.fixtures.issuer import AUDIENCE, ISSUER, Key, write_keys
from tests.fixtures.processes import ServerProcess, end, held_address, running_server

from synthserve.v1.generation_pb2 import GenerateRowsRequest
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.model_pb2 import UnloadModelRequest
from synthserve.v1.model_pb2_grpc import ModelServiceStub

Connections = dict[str, dict[str, str]]

_TOKEN = "a token for conformance"  # noqa: S105 - guards nothing
_LONG = "3600"


@contextmanager
def steady_servers(folder: Path) -> Iterator[Connections]:
    """The servers that outlive a play, and how to connect to each. They can serve plays of several clients at once."""
    repository = models.write_models(folder / "models")
    certificates = Certificates(folder)
    unknown = folder / "unknown-ca.pem"
    trustme.CA().cert_pem.write_to_path(unknown)
    tokens = folder / "tokens"
    tokens.write_text(f"conformance {hashlib.sha256(_TOKEN.encode()).hexdigest()}\n")
    key, keys = Key("conformance"), folder / "keys.json"
    write_keys(keys, key)
    signed = ("--jwks", str(keys), "--jwt-issuer", ISSUER, "--jwt-audience", AUDIENCE)
    secured = (*certificates.flags, "--token-file", str(tokens), *signed)
    explicit = ("--model-control-mode", "explicit", "--load-model", "*", "--local-admin")
    with (
        running_server(repository, folder / "secure.log", *secured) as secure,
        running_server(repository, folder / "single.log", "--max-streams", "1") as single,
        running_server(repository, folder / "full.log", "--max-streams", "1") as full,
        running_server(repository, folder / "leaving.log", "--grace-seconds", _LONG) as leaving,
        running_server(repository, folder / "unloading.log", *explicit) as unloading,
        held_address() as nobody,
        _endless(full.address),
        _endless(leaving.address),
        _endless(unloading.address),
        _unload(unloading.address),
    ):
        leaving.process.send_signal(signal.SIGTERM)
        _wait_for_refusals(leaving.address)
        tls = {"target": secure.address.replace("127.0.0.1", "localhost"), "ca": str(certificates.ca)}
        yield {
            "single": {"target": single.address},
            "full": {"target": full.address},
            "leaving": {"target": leaving.address},
            "unloading": {"target": unloading.address},
            "nobody": {"target": nobody},
            "secure": {**tls, "token": _TOKEN},
            "secure, no token": tls,
            "secure, wrong token": {**tls, "token": "another token"},
            "secure, expired token": {**tls, "token": key.sign(exp=int(time.time()) - 3600)},
            "secure, unknown authority": {**tls, "ca": str(unknown), "token": _TOKEN},
        }
        leaving.process.kill()


@contextmanager
def _endless(address: str) -> Iterator[None]:
    """Holds a stream that nobody reads on."""
    with grpc.insecure_channel(address) as channel:
        stream = GenerationServiceStub(channel).GenerateRows(GenerateRowsRequest(model=f"models/{models.TABLE}"))
        next(stream)
        yield
        stream.cancel()


@contextmanager
def _unload(address: str) -> Iterator[None]:
    """Has the table unloaded, which waits for the stream that it has."""
    with grpc.insecure_channel(address) as channel:
        call = ModelServiceStub(channel).UnloadModel.future(UnloadModelRequest(name=f"models/{models.TABLE}"))
        _wait_for_refusals(address)
        yield
        call.cancel()


def _wait_for_refusals(address: str) -> None:
    """Waits until a server takes no more streams of the table."""
    with grpc.insecure_channel(address) as channel:
        stub = GenerationServiceStub(channel)
        while True:
            try:
                list(stub.GenerateRows(GenerateRowsRequest(model=f"models/{models.TABLE}", count=0)))
            except grpc.RpcError:
                return
            time.sleep(0.02)


class KillableServer:
    """The server of one play: it is killed in the middle of streams, and comes back with a newer model."""

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        self._repository = models.write_models(folder / "models")
        self._log = folder / "main.log"
        self._renewed = False
        self._running = ExitStack()
        self._server: ServerProcess | None = None

    def start(self) -> None:
        """Starts it, and returns when it is ready."""
        server = running_server(self._repository, self._log, "--listen", self.address)
        self._server = self._running.enter_context(server)

    def kill(self) -> None:
        """Kills it without a word; returns when it is gone."""
        if self._server is not None:
            end(self._server, signal.SIGKILL)
        self.stop()

    def renew(self) -> None:
        """Adds a version to the table, which takes over for new streams with the next start."""
        if not self._renewed:
            models.write_next_version(self._repository)
            self._renewed = True

    def stop(self) -> None:
        """Ends it in good order."""
        self._running.close()


@contextmanager
def killable_server(folder: Path) -> Iterator[KillableServer]:
    """A server of its own for a play."""
    folder.mkdir(parents=True)
    with held_address() as address:
        server = KillableServer(folder, address)
        server.start()
        try:
            yield server
        finally:
            server.stop()
