"""How the commands connect: the options that all of them share."""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, TypeAlias

import typer

import synthserve
from synthserve.cli._token_file import token_from

P = ParamSpec("P")

Server = Annotated[str, typer.Option(metavar="HOST:PORT", envvar="SYNTHSERVE_SERVER", help="The server.")]
Tls = Annotated[
    bool,
    typer.Option(
        "--tls",
        envvar="SYNTHSERVE_CLIENT_TLS",
        help="Connect over TLS to a server whose certificate an authority has issued that this machine trusts.",
    ),
]
TlsCa = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="SYNTHSERVE_TLS_CA",
        exists=True,
        dir_okay=False,
        help="Connect over TLS to a server whose certificate one of these authorities has issued, PEM.",
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        # The server reads the second variable too, for another file; see `token_from`.
        envvar=["SYNTHSERVE_CLIENT_TOKEN_FILE", "SYNTHSERVE_TOKEN_FILE"],
        exists=True,
        dir_okay=False,
        help="The bearer token to send.",
    ),
]
TlsClientCertificate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="SYNTHSERVE_TLS_CLIENT_CERTIFICATE",
        exists=True,
        dir_okay=False,
        help="The certificate of this client, PEM, for a server that asks for one.",
    ),
]
TlsClientKey = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar="SYNTHSERVE_TLS_CLIENT_KEY",
        exists=True,
        dir_okay=False,
        help="Its private key, PEM.",
    ),
]
InsecureToken = Annotated[
    bool, typer.Option("--insecure-token", help="Send the token in plain text to another machine.")
]
Timeout = Annotated[float | None, typer.Option(metavar="SECONDS", help="The longest that all may take.")]

DEFAULT_SERVER = "localhost:50051"


def _connect(
    server: Server = DEFAULT_SERVER,
    tls: Tls = False,
    tls_ca: TlsCa = None,
    tls_client_certificate: TlsClientCertificate = None,
    tls_client_key: TlsClientKey = None,
    token_file: TokenFile = None,
    insecure_token: InsecureToken = False,
) -> synthserve.Client:
    """Makes a client. The token is read again for each attempt of each call.

    Raises:
        InvalidRequest: The address, a file or the token cannot be used.
    """
    secured = tls or tls_ca or tls_client_certificate or tls_client_key
    return synthserve.Client(
        server,
        credentials=synthserve.tls_credentials(tls_ca, certificate=tls_client_certificate, key=tls_client_key)
        if secured
        else None,
        token=token_from(token_file) if token_file else None,
        insecure_token=insecure_token,
    )


_OPTIONS = tuple(inspect.signature(_connect).parameters.values())

Connect: TypeAlias = Callable[[], synthserve.Client]
"""Makes the client that the options of the connection ask for; errors are those of `Client`."""


def connecting(command: Callable[Concatenate[Connect, P], None]) -> Callable[..., None]:
    """Adds the options of the connection to a command, which gets a function that connects in their place."""

    @wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        connection: dict[str, Any] = {option.name: options.pop(option.name) for option in _OPTIONS}
        command(partial(_connect, **connection), *arguments, **options)

    _, *own = inspect.signature(command).parameters.values()
    everything = [*own, *_OPTIONS]
    # The signature that Typer reads. As keywords, options without a default may follow options with one.
    signature = inspect.Signature([option.replace(kind=inspect.Parameter.KEYWORD_ONLY) for option in everything])
    run.__signature__ = signature  # type: ignore[attr-defined]  # functions take any attribute
    run.__annotations__ = {option.name: option.annotation for option in everything}
    return run
