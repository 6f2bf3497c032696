"""Rules that are regular expressions: `regex`, and formats of computers."""

from typing import ClassVar

from pydantic import Field

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.kinds.base import Maker, Texts, UniqueOptions
from synthserve_training.models.rules.patterns import ambiguity, syntax

_HEX = "[0-9a-f]"
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"


class Regex(UniqueOptions):
    """Texts that a regular expression matches.

    Every option of `|`, every number of repetitions and every character of a class is equally likely; with
    `unique` every text is. Texts repeat after as many rows as there are texts, or after 10^15.
    """

    pattern: str = Field(
        min_length=1, description="A regular expression without `*`, `+` and `{n,}`, such as `[A-Z]{2}[0-9]{4}`"
    )

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        expression = syntax.parsed(self.pattern)
        pattern = syntax.compiled(expression)
        if self.unique and pattern.size > ambiguity.texts(expression):
            raise RecipeError(
                f"unique = true: the pattern {self.pattern!r} makes the same text in several ways, as `a?a?` does; "
                "write it so that there is one way for each text"
            )
        return Texts.of(pattern, self, column)


class _Format(UniqueOptions):
    """A fixed regular expression."""

    _pattern: ClassVar[str]

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        return Texts.of(syntax.compiled(syntax.parsed(self._pattern)), self, column)


class Uuid(_Format):
    """UUIDs of version 4."""

    _pattern = f"{_HEX}{{8}}-{_HEX}{{4}}-4{_HEX}{{3}}-[89ab]{_HEX}{{3}}-{_HEX}{{12}}"


class Ipv4(_Format):
    """IPv4 addresses, from 1.0.0.0 to 223.255.255.255, without 10.0.0.0/8 and 127.0.0.0/8."""

    _pattern = "([1-9]|1[1-9]|[2-9][0-9]|1[013-9][0-9]|12[0-689]|2[01][0-9]|22[0-3])" + rf"\.{_BYTE}" * 3


class Ipv6(_Format):
    """IPv6 addresses of the block 2000::/3, in full."""

    _pattern = f"[23]{_HEX}{{3}}(:{_HEX}{{4}}){{7}}"


class Mac(_Format):
    """MAC addresses of single interfaces, universally administered."""

    _pattern = f"{_HEX}[048c](:{_HEX}{{2}}){{5}}"


class Color(_Format):
    """Colors such as #1f77b4."""

    _pattern = f"#{_HEX}{{6}}"
