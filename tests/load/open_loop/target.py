"""The server that is loaded: whether it may be, how to connect, and whether it does what is asked."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc import aio
from tests.load.open_loop import calls
from tests.load.open_loop.errors import TargetError
from tests.load.open_loop.profiles import CallOf, GenerateRows, GetModel

import synthserve
from synthserve._transport.targets import is_local
from synthserve.v1 import generation_pb2
from synthserve_core import text_files

CHECK_SECONDS = 60.0
"""How long a call may take that is made to see whether there is an answer."""

_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^][:/\s]+):(?P<port>[0-9]{1,5})")

_OPTIONS: list[tuple[str, Any]] = [
    # Connections of their own, where gRPC would share one.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", 64 << 20),
    # A call that failed has failed.
    ("grpc.enable_retries", 0),
]


@dataclass(frozen=True)
class Target:
    """How to reach a server, and as whom."""

    address: str
    """HOST:PORT."""
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    insecure_token: bool = False
    """Whether the token may be sent in plain text to another machine."""

    def _token(self) -> str | None:
        try:
            return text_files.read(self.token_file).strip() if self.token_file else None
        except text_files.TextFileError as error:
            raise TargetError(f"{self.token_file} {error}") from None

    def client(self) -> synthserve.Client:
        """A client that tries once.

        Raises:
            SynthserveError: Address, certificates or token cannot be used.
            OSError: A file cannot be read.
        """
        return synthserve.Client(
            self.address,
            credentials=self._credentials(),
            token=self._token(),
            insecure_token=self.insecure_token,
            retry=synthserve.RetryPolicy(start_attempts=1, resume_attempts=1),
        )

    def metadata(self) -> list[tuple[str, str]]:
        """What goes with every call."""
        return [("authorization", f"Bearer {token}")] if (token := self._token()) else []

    def channel(self) -> aio.Channel:
        """A connection of its own, for asyncio."""
        credentials = self._credentials()
        if credentials is None:
            return aio.insecure_channel(self.address, _OPTIONS)
        return aio.secure_channel(self.address, credentials, _OPTIONS)

    def sync_channel(self) -> grpc.Channel:
        """The same without asyncio."""
        credentials = self._credentials()
        if credentials is None:
            return grpc.insecure_channel(self.address, _OPTIONS)
        return grpc.secure_channel(self.address, credentials, _OPTIONS)

    def _credentials(self) -> grpc.ChannelCredentials | None:
        if not self.tls:
            return None
        return synthserve.tls_credentials(self.ca, certificate=self.certificate, key=self.key)


def check_allowed(address: str, *, allow_remote: bool) -> None:
    """Makes sure that an address is one, and that it is this machine unless another one was asked for.

    Raises:
        TargetError: It is not.
    """
    match = _HOST_PORT.fullmatch(address)
    if match is None or not 1 <= int(match["port"]) <= 65_535:
        raise TargetError(f"the target must be HOST:PORT with a port from 1 to 65535, not {address!r}")
    if not (allow_remote or is_local(address)):
        raise TargetError(
            f"{address} is not this machine: a load test of a server that is not yours is an attack on it; "
            "--allow-remote says that it is"
        )


def check_answer(target: Target, call: CallOf) -> None:
    """Makes the call of a profile once, and counts what comes.

    Raises:
        TargetError: Another number of samples came than was asked for, or the server refuses the call.
        SynthserveError: There is no server, no such model, or the caller may not ask for it.
        OSError: A file with a certificate or a token cannot be read.
    """
    with target.client() as client:
        client.model(calls.resource(call.model), timeout=CHECK_SECONDS)
    if isinstance(call, GetModel):
        return
    rows = isinstance(call, GenerateRows)
    response = generation_pb2.GenerateRowsResponse if rows else generation_pb2.GenerateImagesResponse
    with target.sync_channel() as channel:
        generate: Any = channel.unary_stream(calls.method(call).path, response_deserializer=response.FromString)
        answers = generate(
            calls.request(call, 0).SerializeToString(), timeout=CHECK_SECONDS, metadata=target.metadata()
        )
        try:
            came = sum(answer.row_count if rows else len(answer.images) for answer in answers)
        except grpc.RpcError as error:
            raise TargetError(f"{target.address} refuses the call: {error.code().name}: {error.details()}") from None
    if came != call.count:
        raise TargetError(f"{target.address} sent {came:,} samples where {call.count:,} were asked for")
