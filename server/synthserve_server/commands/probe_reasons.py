"""Translates gRPC's messages about a failed probe into a reason and advice."""

_OF_TLS: tuple[tuple[str, str], ...] = (
    ("certificate has expired", "the server's certificate has expired, or the clock here is wrong: renew it"),
    ("certificate is not yet valid", "the server's certificate is not valid yet, or the clock here is wrong"),
    ("hostname verification", "the server's certificate is for other names: ask by one that it holds"),
    ("not in peer certificate", "the server's certificate is for other names: ask by one that it holds"),
    ("wrong_version_number", "the program at this address does not use TLS: omit --tls-ca, or give it a certificate"),
)

# The second one occurs if an authority of the same name has another key, for example after it was recreated.
_NOT_TRUSTED = ("certificate_verify_failed", "certificate signature failure")

_OTHER_CERTIFICATE = (
    "the program at this address has another certificate than the settings name: it is another server, or the server "
    "has not loaded its new certificate (see its log)"
)
_OTHER_AUTHORITY = "the server's certificate is of an authority that is not in --tls-ca"
_OWN_CERTIFICATE = (
    "the server closed the connection: it may require --tls-client-certificate and --tls-client-key, or other ones"
)
_REQUIRES_TLS = (
    "the program at this address closed the connection: it may require TLS, by --tls-ca or the settings of the server"
)

_CLOSED = ("socket closed", "connection reset", "broken pipe", "goaway")

_OF_NETWORKS: tuple[tuple[str, str], ...] = (
    ("connection refused", "no program listens at this address: is the server running, and is this its port?"),
    ("address lookup failed", "the host does not exist"),
    ("name resolution", "the host does not exist"),
    ("http1.x", "the program at this address is not a gRPC server"),
    ("unreachable", "the host cannot be reached"),
    ("no route to host", "the host cannot be reached"),
)


def find(said: str, *, tls: bool, described: bool) -> str | None:
    """Finds the reason.

    Args:
        said: The details of gRPC's status.
        tls: Whether the probe used TLS.
        described: Whether it trusts only the certificate that the settings of the server name.

    Returns:
        The reason and what to do; None if the details match no known reason.
    """
    lower = said.lower()
    for sign, reason in (*(_OF_TLS if tls else ()), *_OF_NETWORKS):
        if sign in lower:
            return reason
    if tls and any(sign in lower for sign in _NOT_TRUSTED):
        return _OTHER_CERTIFICATE if described else _OTHER_AUTHORITY
    if any(sign in lower for sign in _CLOSED):
        return _OWN_CERTIFICATE if tls else _REQUIRES_TLS
    return None
