"""A trial connection: checks that gRPC serves with a certificate, and that a client that trusts it can connect."""

import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc

from synthserve_server.security.files import CredentialsError
from synthserve_server.security.tls.certificates import Pair

_LOOPBACK = "127.0.0.1:0"

# The reason of BoringSSL within the message of gRPC.
_REASON = re.compile(r"OPENSSL_internal:(?P<reason>[^:]+(?:: [^:]+)?)")


def try_out(pair: Pair, client_authorities: bytes | None, seconds: float) -> None:
    """Serves with a certificate on a free port of this machine, and connects once.

    It may run while gRPC accepts a connection and asks for a certificate: it makes its own connection in a thread, and
    waits for a limited time.

    Args:
        pair: The server's certificate and its key.
        client_authorities: Certificates of the authorities of clients, PEM. They are loaded, but the trial client sends
            no certificate.
        seconds: The time limit. The trial takes some hundredths of a second, unless the machine is very busy.

    Raises:
        CredentialsError: The connection fails, or takes too long.
    """
    outcome: Future[str | None] = Future()  # the problem; None on success

    def attempt() -> None:
        try:
            outcome.set_result(_connect(pair, client_authorities, seconds))
        except Exception as error:
            outcome.set_result(f"{type(error).__name__}: {error}")

    # Not a thread of a pool: the process would wait for it on exit.
    threading.Thread(target=attempt, name="tls-trial", daemon=True).start()
    try:
        problem = outcome.result(seconds)
    except TimeoutError:
        problem = f"it has not ended within {seconds:g} s"
    if problem:
        raise CredentialsError(f"a trial connection with the certificate and its key has failed: {problem}")


def _connect(pair: Pair, client_authorities: bytes | None, seconds: float) -> str | None:
    """Makes the connection; returns the problem, or None on success."""
    credentials = grpc.ssl_server_credentials([(pair.key, pair.chain)], client_authorities, require_client_auth=False)
    server = grpc.server(ThreadPoolExecutor(1))  # without methods, the pool starts no threads
    try:
        try:
            server.add_insecure_port(_LOOPBACK)
        except RuntimeError:
            return f"cannot listen on {_LOOPBACK}"
        try:
            port = server.add_secure_port(_LOOPBACK, credentials)
        except RuntimeError:
            return "gRPC refuses them without a reason"
        server.start()
        return _call(port, pair, seconds)
    finally:
        server.stop(None)


def _call(port: int, pair: Pair, seconds: float) -> str | None:
    options: list[tuple[str, Any]] = [
        ("grpc.ssl_target_name_override", pair.name),
        ("grpc.enable_http_proxy", 0),
        ("grpc.enable_retries", 0),
    ]
    trusting = grpc.ssl_channel_credentials(pair.anchors)
    with grpc.secure_channel(f"127.0.0.1:{port}", trusting, options) as channel:
        call: Any = channel.unary_unary("/trial/Trial")
        try:
            call(b"", timeout=seconds)
        except grpc.RpcError as error:
            # Any answer proves that the connection works.
            return None if error.code() is grpc.StatusCode.UNIMPLEMENTED else _reason(error)
    return None


def _reason(error: grpc.RpcError) -> str:
    details = str(error.details())
    if found := _REASON.search(details):
        return found["reason"].replace("_", " ")
    return details
