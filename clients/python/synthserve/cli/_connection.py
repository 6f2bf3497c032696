"""How the commands connect: the options that all of them share."""

from pathlib import Path
from typing import Annotated

import grpc
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

DEFAULT_SERVER = "localhost:50051"


def connect(server: str, tls_ca: Path | None, token_file: Path | None) -> synthserve.Client:
    """Makes a client.

    Raises:
        InvalidRequest: The address or the token cannot be used.
    """
    credentials = grpc.ssl_channel_credentials(tls_ca.read_bytes()) if tls_ca else None
    metadata = {"authorization": f"Bearer {token_file.read_text().strip()}"} if token_file else {}
    return synthserve.Client(server, credentials=credentials, metadata=metadata)
