"""How the commands connect: the options that all of them share."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

import synthserve

Server = Annotated[str, typer.Option(metavar="HOST:PORT", envvar="SYNTHSERVE_SERVER", help="The server.")]
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
        metavar="FILE", envvar="SYNTHSERVE_TOKEN_FILE", exists=True, dir_okay=False, help="The bearer token to send."
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


def connect(
    server: str,
    tls_ca: Path | None,
    tls_client_certificate: Path | None,
    tls_client_key: Path | None,
    token_file: Path | None,
    insecure_token: bool,
) -> synthserve.Client:
    """Makes a client. The token is read again for each attempt of each call.

    Raises:
        InvalidRequest: The address, a file or the token cannot be used.
    """
    secured = tls_ca or tls_client_certificate or tls_client_key
    return synthserve.Client(
        server,
        credentials=synthserve.tls_credentials(tls_ca, certificate=tls_client_certificate, key=tls_client_key)
        if secured
        else None,
        token=partial(token_file.read_text, errors="replace") if token_file else None,
        insecure_token=insecure_token,
    )
