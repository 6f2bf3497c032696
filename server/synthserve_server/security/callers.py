"""Whose a bearer token is."""

from typing import TYPE_CHECKING

from synthserve_server.errors import UnauthenticatedError
from synthserve_server.security.principals import Principal
from synthserve_server.security.refusals import Refusals, RefusedTokenError
from synthserve_server.security.tokens import TokenFile

if TYPE_CHECKING:
    from synthserve_server.security.signed_tokens import SignedTokens


class Callers:
    """Those who may call: by a token that stands in the token file, or one that the issuer has signed."""

    def __init__(self, file: TokenFile | None, signed: "SignedTokens | None") -> None:
        """Knows where to look.

        Args:
            file: The token file, if there is one.
            signed: Signed tokens, if they are taken.
        """
        self._file = file
        self._signed = signed
        self._refusals = Refusals()

    async def start(self) -> None:
        """Gets ready for calls."""
        if self._signed:
            await self._signed.keys.start()

    async def close(self) -> None:
        """Ends what goes on in the background."""
        if self._signed:
            await self._signed.keys.close()

    async def find(self, token: str) -> Principal:
        """The caller whose token it is.

        Raises:
            UnauthenticatedError: It is nobody's.
            ExpiredTokenError: It was good once.
            KeysUnavailableError: It is a signed one, and the issuer has given no keys yet.
        """
        if self._file and (principal := self._file.find(token)):
            return principal
        try:
            if self._signed and token.count(".") == 2:
                return await self._signed.find(token)
            raise RefusedTokenError("it does not stand in the token file" if self._file else "it is not a JWT")
        except RefusedTokenError as refused:
            self._refusals.note(str(refused))
            raise UnauthenticatedError(wrong=True) from None
