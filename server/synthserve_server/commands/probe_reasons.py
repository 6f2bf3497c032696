"""Why a probe gets no answer: from gRPC's own words, which differ for each way to fail, to what a person can do."""

_OF_TLS: tuple[tuple[str, str], ...] = (
    ("certificate has expired", "the server's certificate has expired, or the clock here is wrong: renew it"),
    ("certificate is not yet valid", "the server's certificate is not valid yet, or the clock here is wrong"),
    ("hostname verification", "the server's certificate is for other names: ask by one that it holds"),
    ("not in peer certificate", "the server's certificate is for other names: ask by one that it holds"),
    ("wrong_version_number", "what listens there does not speak TLS: ask without --tls-ca, or give it a certificate"),
)

# The second one where an authority of the same name has another key, as when it was made anew.
_NOT_TRUSTED = ("certificate_verify_failed", "certificate signature failure")

_OTHER_CERTIFICATE = (
    "what listens there has another certificate than the settings name: another server, or this one has not taken a "
    "new one, and its log says why"
)
_OTHER_AUTHORITY = "the server's certificate is of an authority that is not in --tls-ca"
_OWN_CERTIFICATE = (
    "the server closed the connection: it may want --tls-client-certificate and --tls-client-key, or another one"
)
_WANTS_TLS = "what listens there closed the connection: it may want TLS, by --tls-ca or the settings of the server"

_CLOSED = ("socket closed", "connection reset", "broken pipe", "goaway")

_OF_NETWORKS: tuple[tuple[str, str], ...] = (
    ("connection refused", "nobody listens there: is the server running, and is this its port?"),
    ("address lookup failed", "there is no such host"),
    ("name resolution", "there is no such host"),
    ("http1.x", "what listens there is no gRPC server"),
    ("unreachable", "the host cannot be reached"),
    ("no route to host", "the host cannot be reached"),
)


def find(said: str, *, tls: bool, described: bool) -> str | None:
    """Finds the reason.

    Args:
        said: The details of gRPC's status.
        tls: Whether the probe has asked over TLS.
        described: Whether it trusts the certificate alone that the settings of the server name.

    Returns:
        What is wrong and what to do; None: gRPC's words have to do.
    """
    lower = said.lower()
    for sign, reason in (*(_OF_TLS if tls else ()), *_OF_NETWORKS):
        if sign in lower:
            return reason
    if tls and any(sign in lower for sign in _NOT_TRUSTED):
        return _OTHER_CERTIFICATE if described else _OTHER_AUTHORITY
    if any(sign in lower for sign in _CLOSED):
        return _OWN_CERTIFICATE if tls else _WANTS_TLS
    return None
