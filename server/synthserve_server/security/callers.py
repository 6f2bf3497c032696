"""Finds the caller of a bearer token."""

from typing import TYPE_CHECKING

from synthserve_server.errors import UnauthenticatedError
from synthserve_server.security.principals import Principal
from synthserve_server.security.refusals import Refusals, RefusedTokenError
from synthserve_server.security.tokens import TokenFile

if TYPE_CHECKING:
    from synthserve_server.security.signed_tokens import SignedTokens


class Callers:
    """The callers with tokens: tokens in the token file, and tokens signed by the issuer."""

    def __init__(self, file: TokenFile | None, signed: "SignedTokens | None") -> None:
        """Combines the sources.

        Args:
            file: The token file, if there is one.
            signed: The signed tokens, if they are accepted.
        """
        self._file = file
        self._signed = signed
        self._refusals = Refusals()

    async def start(self) -> None:
        """Starts the background work, such as fetching keys."""
        if self._signed:
            await self._signed.keys.start()

    async def close(self) -> None:
        """Ends the background work."""
        if self._signed:
            await self._signed.keys.close()

    async def find(self, token: str) -> Principal:
        """The caller of a token.

        Raises:
            UnauthenticatedError: The token is unknown.
            ExpiredTokenError: The token has expired.
            KeysUnavailableError: The token is signed, and the keys of the issuer are not available yet.
        """
        if self._file and (principal := self._file.find(token)):
            return principal
        try:
            if self._signed and token.count(".") == 2:
                return await self._signed.find(token)
            raise RefusedTokenError("it is not in the token file" if self._file else "it is not a JWT")
        except RefusedTokenError as refused:
            self._refusals.note(str(refused))
            raise UnauthenticatedError(wrong=True) from None
