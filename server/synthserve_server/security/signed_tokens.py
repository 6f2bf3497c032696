"""Tokens signed by an identity provider: JWT (RFC 7519), checked as RFC 8725 and RFC 9068 require."""

from typing import Any

import jwt

from synthserve_server.errors import ExpiredTokenError
from synthserve_server.security.jwks import ALGORITHMS
from synthserve_server.security.key_sources import KeySource
from synthserve_server.security.principals import ROLES, Principal
from synthserve_server.security.refusals import RefusedTokenError

LEEWAY_SECONDS = 30
"""The largest difference allowed between the clocks of the issuer and of this machine."""

_LONGEST_NAME = 255

_WHY: list[tuple[type[jwt.PyJWTError], str]] = [
    (jwt.InvalidSignatureError, "the signature is wrong"),
    (jwt.InvalidAudienceError, "it is for another audience"),
    (jwt.InvalidIssuerError, "it is of another issuer"),
    (jwt.ImmatureSignatureError, "it is not valid yet"),
    (jwt.MissingRequiredClaimError, "exp, iss or aud is missing"),
]


class SignedTokens:
    """The callers with tokens that one issuer has signed for this server."""

    def __init__(self, keys: KeySource, issuer: str, audience: str, name_claim: str, roles_claim: str) -> None:
        """Sets up the check.

        Args:
            keys: The issuer's keys.
            issuer: The required value of `iss`.
            audience: The required value of `aud`, or one of its values.
            name_claim: The claim with the name of the caller.
            roles_claim: The claim with its roles: a list, or a text with spaces between them.
        """
        self.keys = keys
        self._issuer = issuer
        self._audience = audience
        self._name_claim = name_claim
        self._roles_claim = roles_claim

    async def find(self, token: str) -> Principal:
        """The caller of a token.

        Raises:
            ExpiredTokenError: The token has expired.
            RefusedTokenError: The token is not valid.
            KeysUnavailableError: The keys of the issuer are not available yet.
        """
        try:
            claims = await self._claims(token)
        except jwt.ExpiredSignatureError:
            raise ExpiredTokenError from None
        except (jwt.PyJWTError, UnicodeEncodeError) as error:
            why = (text for kind, text in _WHY if isinstance(error, kind))
            raise RefusedTokenError(next(why, "it is not a JWT that can be read")) from None
        name = _claim(claims, self._name_claim)
        # Names are written into log lines.
        if not (isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable()):
            raise RefusedTokenError("the claim with the name is not a short line of text")
        return Principal(name, ROLES & _words(_claim(claims, self._roles_claim)))

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise RefusedTokenError("its algorithm is not allowed")
        key = await self.keys.find(header.get("kid"), algorithm)
        if key is None:
            raise RefusedTokenError("the issuer has no such key for its algorithm")
        return jwt.decode(
            token,
            key,
            # `find` returned a key for this algorithm, so the token can choose only among those of the key.
            algorithms=[algorithm],
            issuer=self._issuer,
            audience=self._audience,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )


def _claim(claims: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """A claim by its name, or by its path: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _words(value: Any) -> frozenset[str]:  # noqa: ANN401 - JSON
    found = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(word for word in found if isinstance(word, str))
