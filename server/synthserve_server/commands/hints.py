"""Commands to try against a running server."""

from synthserve_core.contract.model import Table
from synthserve_server.models.catalogue import Catalogue

DEFAULT_ADDRESS = "127.0.0.1:50051"
"""The default address of the client."""


def hints(
    host: str,
    port: int,
    catalogue: Catalogue,
    client: str,
    *,
    tls: bool = False,
    token: bool = False,
    listed: bool = True,
) -> list[str]:
    """Commands that list the models and generate from those that are served.

    Args:
        host: Where the server listens.
        port: The port.
        catalogue: The models.
        client: The name of the client program.
        tls: Whether the server uses TLS.
        token: Whether calls need a token.
        listed: Whether the server offers reflection.
    """
    # Clients cannot connect to a wildcard address.
    address = f"{'127.0.0.1' if host in ('0.0.0.0', '[::]', '') else host}:{port}"  # noqa: S104 - compared with, not listened on
    server = "" if address == DEFAULT_ADDRESS else f" --server {address}"
    server += (" --tls-ca CA.pem" if tls else "") + (" --token-file TOKEN" if token else "")
    commands = [f"{client} models{server}"]
    served = catalogue.served()
    table = next((package.id for package in served if isinstance(package.model.output, Table)), None)
    image = next((package.id for package in served if not isinstance(package.model.output, Table)), None)
    if table:
        commands.append(f"{client} rows {table} --count 1000 --seed 7 -o rows.csv{server}")
    if image:
        commands.append(f"{client} images {image} --count 64 --seed 7 -o images --grid grid.png{server}")
    if listed:
        secured = "-cacert CA.pem" if tls else "-plaintext"
        header = ' -H "authorization: Bearer $(cat TOKEN)"' if token else ""
        commands.append(f"grpcurl {secured}{header} {address} list")
    return commands
