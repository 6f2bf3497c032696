"""The command `synthserve-health`: asks a server whether it serves, for container probes."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NoReturn

import grpc
import typer
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import ValidationError

from synthserve_server.commands import probe_reasons
from synthserve_server.security.files import CredentialsError, read
from synthserve_server.security.tls import certificates, pem
from synthserve_server.security.tls.certificates import File
from synthserve_server.settings.settings import ProbedSettings

UNHEALTHY = 1
WRONG_USE = 2

_LONGEST_SECONDS = 1_000_000.0
"""gRPC accepts no infinite deadline, and treats a very distant one as past."""

_Answer = health_pb2.HealthCheckResponse


@dataclass(frozen=True)
class Target:
    """Where to ask."""

    address: str
    trusted: bytes | None = None
    """PEM certificates that include the server's own or that of its authority; None: plain text."""
    name: str | None = None
    """The name that the server's certificate must have; None: the host of the address."""
    is_described: bool = False
    """Whether the target comes from the settings of the server."""


def check(
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[HOST:PORT]",
            help="The server. Default: the server on this machine that SYNTHSERVE_* and --config describe, over TLS if "
            "they configure it.",
        ),
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", exists=True, dir_okay=False, help="The server's TOML file.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model, such as iris-vae. [the server as a whole]")] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            envvar="SYNTHSERVE_TLS_CA",
            exists=True,
            dir_okay=False,
            help="With HOST:PORT: use TLS and trust these authorities, PEM.",
        ),
    ] = None,
    tls_client_certificate: Annotated[
        Path | None,
        typer.Option(
            envvar="SYNTHSERVE_TLS_CLIENT_CERTIFICATE",
            exists=True,
            dir_okay=False,
            help="A certificate for servers that require one of clients, PEM.",
        ),
    ] = None,
    tls_client_key: Annotated[
        Path | None,
        typer.Option(envvar="SYNTHSERVE_TLS_CLIENT_KEY", exists=True, dir_okay=False, help="Its private key, PEM."),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait.")] = 5.0,
) -> None:
    """Asks a server over grpc.health.v1 whether it serves.

    Exit codes: 0 it serves; 1 it does not serve, or does not answer; 2 wrong usage.
    """
    if (tls_client_certificate is None) != (tls_client_key is None):
        _fail("--tls-client-certificate and --tls-client-key must be given together", WRONG_USE)
    if math.isnan(timeout):
        _fail("--timeout must be a number of seconds", WRONG_USE)
    try:
        trusted = certificates.authorities(_file(tls_ca)) if address and tls_ca else None
        target = Target(address, trusted) if address else _described(config_file)
        pair = (
            certificates.pair(_file(tls_client_certificate), _file(tls_client_key), certificates.CLIENT)
            if tls_client_key and tls_client_certificate
            else None
        )
    except CredentialsError as error:
        _fail(str(error), UNHEALTHY)
    try:
        own = (pair.key, pair.chain) if pair else None
        status = ask(target, f"models/{model}" if model else "", own, min(timeout, _LONGEST_SECONDS))
    except grpc.RpcError as error:
        _fail(f"{target.address}: {_why(error, model, target)}", UNHEALTHY)
    if status != _Answer.SERVING:
        _fail(f"{target.address}: {_Answer.ServingStatus.Name(status)}", UNHEALTHY)
    typer.echo(f"{target.address}: {_Answer.ServingStatus.Name(status)}")


def ask(target: Target, service: str, pair: tuple[bytes, bytes] | None, timeout: float) -> Any:  # noqa: ANN401 - an enum of protobuf
    """Makes one call.

    Args:
        target: The server.
        service: "" for the server, `models/{model}` for a model.
        pair: Private key and certificate of the client, PEM.
        timeout: The deadline in seconds.

    Returns:
        The `ServingStatus`.

    Raises:
        grpc.RpcError: The server does not answer, or does not know the service.
    """
    options: list[tuple[str, Any]] = [("grpc.enable_http_proxy", 0)]
    if target.name:
        options.append(("grpc.ssl_target_name_override", target.name))
    if target.trusted:
        channel = grpc.secure_channel(
            target.address, grpc.ssl_channel_credentials(target.trusted, *(pair or ())), options
        )
    else:
        channel = grpc.insecure_channel(target.address, options)
    with channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        return stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout).status


def _described(config_file: Path | None) -> Target:
    """The server that the settings describe.

    Over TLS, the probe trusts only the certificate in the settings and checks it by a name that it contains. So it
    needs no authority, and the certificate need not contain `127.0.0.1`.

    Raises:
        CredentialsError: The certificate cannot be read.
    """
    flags: dict[str, Any] = {"config": config_file} if config_file else {}
    try:
        settings = ProbedSettings(**flags)
    except ValidationError as error:
        _fail("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()), WRONG_USE)
    except ValueError as error:
        _fail(f"the settings file: {error}", WRONG_USE)
    except OSError as error:
        _fail(f"the settings file: {error.filename} cannot be read: {error.strerror}", WRONG_USE)
    listened = settings.address
    if listened.port == 0:
        _fail("the settings let the server choose a free port: give its address as HOST:PORT", WRONG_USE)
    # A server that listens at all addresses of either family also answers at 127.0.0.1.
    address = str(replace(listened, host="127.0.0.1") if listened.is_wildcard else listened)
    if settings.tls_certificate is None:
        return Target(address)
    file = _file(settings.tls_certificate)
    chain = pem.certificates(file.data, file.name)
    return Target(address, pem.of_certificates(chain), certificates.name_in(chain[0]), is_described=True)


def _file(path: Path) -> File:
    return File(str(path), read(path))


def _why(error: grpc.RpcError, model: str | None, target: Target) -> str:
    code, said = error.code(), " ".join(str(error.details()).split())
    if code is grpc.StatusCode.NOT_FOUND:
        return f"there is no model {model}"
    reason = probe_reasons.find(said, tls=target.trusted is not None, described=target.is_described)
    return f"{code.name}: {reason} ({said})" if reason else f"{code.name}: {said}"


def _fail(message: str, code: int) -> NoReturn:
    typer.echo(f"synthserve-health: {message}", err=True)
    raise typer.Exit(code)


def main() -> None:
    """Runs the command."""
    command = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    command.command()(check)
    command()


if __name__ == "__main__":
    main()
