"""The public keys of an issuer of tokens: a JSON Web Key Set (RFC 7517)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from synthserve_core import text_files
from synthserve_core.text_files import TextFileError
from synthserve_server.security.files import CredentialsError

_OF_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_OF_CURVE = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("EdDSA",),
}

ALGORITHMS = frozenset(_OF_RSA).union(*_OF_CURVE.values())
"""The signature algorithms of tokens; without those with shared secrets (HS256) and without `none`."""

_RSA_BITS = range(2048, 8192 + 1)
_MOST_KEYS = 100


@dataclass(frozen=True)
class Keys:
    """The keys that may have signed a token.

    Attributes:
        by_name: Public keys by ID (None if they have none) and algorithm.
    """

    by_name: Mapping[tuple[str | None, str], Any]

    def find(self, key_id: str | None, algorithm: str) -> Any | None:  # noqa: ANN401 - a public key of any kind
        """The key with the ID for the algorithm; without an ID, the only key for the algorithm."""
        if key_id is not None:
            return self.by_name.get((key_id, algorithm))
        fitting = [key for (_, fits), key in self.by_name.items() if fits == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def parse(data: bytes, source: str) -> Keys:
    """Parses a key set. Keys that are private, not for signatures, too weak or too large are left out.

    Args:
        data: The set, JSON in UTF-8.
        source: The name of its source, for messages.

    Raises:
        CredentialsError: It is not a key set, has more than 100 keys, or has no usable key.
    """
    try:
        document = json.loads(text_files.decode(data))
    except TextFileError as error:
        raise CredentialsError(f"{source} is not JSON: it {error}") from None
    except (ValueError, RecursionError):
        raise CredentialsError(f"{source} is not JSON") from None
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise CredentialsError(f"{source} is not a JSON Web Key Set")
    if len(entries) > _MOST_KEYS:
        raise CredentialsError(f"{source} holds more than {_MOST_KEYS} keys")
    found = {name: key for entry in entries if isinstance(entry, dict) for name, key in _usable(entry)}
    if not found:
        raise CredentialsError(f"{source} holds no public key for signatures that can be used")
    return Keys(found)


def _usable(entry: dict[str, Any]) -> Iterator[tuple[tuple[str | None, str], Any]]:
    key_id, kind, curve = (entry.get(member) for member in ("kid", "kty", "crv"))
    if not (isinstance(key_id, str | None) and isinstance(kind, str) and isinstance(curve, str | None)):
        return
    # A published private key proves nothing.
    if "d" in entry or entry.get("use", "sig") != "sig" or "verify" not in _operations(entry):
        return
    algorithms = _OF_RSA if kind == "RSA" else _OF_CURVE.get((kind, curve or ""), ())
    for algorithm in algorithms:
        if entry.get("alg", algorithm) != algorithm:
            continue
        try:
            key = jwt.PyJWK(entry, algorithm).key
        except jwt.PyJWTError:
            return
        if kind == "RSA" and key.key_size not in _RSA_BITS:
            return
        yield (key_id, algorithm), key


def _operations(entry: dict[str, Any]) -> list[Any]:
    operations = entry.get("key_ops", ["verify"])
    return operations if isinstance(operations, list) else []
