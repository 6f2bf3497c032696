"""The command `synthserve-health`: asks a server whether it serves, as probes of containers do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import grpc
import typer
from cryptography import x509
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pydantic import ValidationError

from synthserve_server import config

UNHEALTHY = 1
WRONG_USE = 2

_WILDCARDS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - compared with, not listened on

_Answer = health_pb2.HealthCheckResponse


@dataclass(frozen=True)
class Target:
    """Where to ask."""

    address: str
    trusted: bytes | None = None
    """Certificates, PEM, of which one must be the server's own or that of its authority; None: plain text."""
    name: str | None = None
    """The name that the server's certificate must have; None: that of the address."""


def check(
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="[HOST:PORT]",
            help="The server. Without it that on this machine which SYNTHSERVE_* and --config describe, over TLS if "
            "they say so.",
        ),
    ] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", exists=True, dir_okay=False, help="The server's TOML file.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model, such as iris-vae. [the server as a whole]")] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            envvar="SYNTHSERVE_TLS_CA", exists=True, dir_okay=False, help="With HOST:PORT: TLS; its authorities, PEM."
        ),
    ] = None,
    tls_client_certificate: Annotated[
        Path | None,
        typer.Option(
            envvar="SYNTHSERVE_TLS_CLIENT_CERTIFICATE",
            exists=True,
            dir_okay=False,
            help="A certificate for servers that ask clients for one, PEM.",
        ),
    ] = None,
    tls_client_key: Annotated[
        Path | None,
        typer.Option(envvar="SYNTHSERVE_TLS_CLIENT_KEY", exists=True, dir_okay=False, help="Its private key, PEM."),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.001, help="How long to wait.")] = 5.0,
) -> None:
    """Asks a server over grpc.health.v1 whether it serves.

    Exit codes: 0 it does; 1 it does not, or does not answer; 2 wrong usage.
    """
    if (tls_client_certificate is None) != (tls_client_key is None):
        _fail("--tls-client-certificate and --tls-client-key go together", WRONG_USE)
    try:
        target = Target(address, tls_ca.read_bytes() if tls_ca else None) if address else _described(config_file)
        pair = (
            (tls_client_key.read_bytes(), tls_client_certificate.read_bytes())
            if tls_client_key and tls_client_certificate
            else None
        )
    except OSError as error:
        _fail(f"{error.filename} cannot be read: {error.strerror}", UNHEALTHY)
    try:
        status = ask(target, f"models/{model}" if model else "", pair, timeout)
    except grpc.RpcError as error:
        _fail(f"{target.address}: {_why(error, model)}", UNHEALTHY)
    if status != _Answer.SERVING:
        _fail(f"{target.address}: {_Answer.ServingStatus.Name(status)}", UNHEALTHY)
    typer.echo(f"{target.address}: {_Answer.ServingStatus.Name(status)}")


def ask(target: Target, service: str, pair: tuple[bytes, bytes] | None, timeout: float) -> Any:  # noqa: ANN401 - an enum of protobuf
    """Makes one call.

    Args:
        target: The server.
        service: "" for the server, `models/{model}` for a model.
        pair: Private key and certificate of the client, PEM.
        timeout: Seconds.

    Returns:
        The `ServingStatus`.

    Raises:
        grpc.RpcError: There is no answer, or none about this service.
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

    Over TLS only a server with the very certificate of the settings is talked to, by a name in it: nobody has to say
    which authority issued it, and `127.0.0.1` need not be in it.

    Raises:
        OSError: The certificate cannot be read.
    """
    # A probe asks no matter which folder the models are in, but settings without one are none.
    flags: dict[str, Any] = {"model_repository": Path("/")}
    if config_file:
        flags["config"] = config_file
    try:
        settings = config.load(flags)
    except ValidationError as error:
        _fail("; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()), WRONG_USE)
    except ValueError as error:
        _fail(f"the settings file: {error}", WRONG_USE)
    host, _, port = settings.listen.rpartition(":")
    address = f"{_WILDCARDS.get(host, host)}:{port}"
    if settings.tls_certificate is None:
        return Target(address)
    chain = settings.tls_certificate.read_bytes()
    try:
        own = x509.load_pem_x509_certificate(chain)
    except ValueError:
        _fail(f"{settings.tls_certificate} holds no PEM certificate", UNHEALTHY)
    return Target(address, chain, _name_in(own))


def _name_in(certificate: x509.Certificate) -> str | None:
    """A name that the certificate is good for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(common[0].value) if common else None
    hosts = names.get_values_for_type(x509.DNSName) + [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]
    return hosts[0].replace("*", "health") if hosts else None


def _why(error: grpc.RpcError, model: str | None) -> str:
    code = error.code()
    if code is grpc.StatusCode.NOT_FOUND:
        return f"there is no model {model}"
    return f"{code.name}: {error.details()}"


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
