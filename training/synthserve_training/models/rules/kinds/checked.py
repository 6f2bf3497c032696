"""Rules of numbers with check digits."""

from typing import Literal

from pydantic import Field

from synthserve_training import problems
from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.checks import accounts
from synthserve_training.models.rules.checks.formats import FORMATS, ean, simple
from synthserve_training.models.rules.checks.generating import CheckedNumbers, Format
from synthserve_training.models.rules.checks.machines import luhn
from synthserve_training.models.rules.kinds.base import Maker, UniqueOptions


class _Checked(UniqueOptions):
    """Numbers of one format."""

    def maker(self, column: str) -> Maker:
        """See RuleOptions."""
        numbers = CheckedNumbers(self._format())
        return CheckedNumbers(numbers.format, self.permutation(column, numbers.size)) if self.unique else numbers

    def _format(self) -> Format:
        raise NotImplementedError


class Card(_Checked):
    """Card numbers with the prefixes of an issuer and Luhn's check digit."""

    issuer: str = Field(default="visa", description="One of " + ", ".join(accounts.CARDS))

    def _format(self) -> Format:
        return accounts.card(self.issuer)


class Iban(_Checked):
    """Bank accounts of a country."""

    country: str = Field(default="DE", description="Two capital letters")

    def _format(self) -> Format:
        return accounts.iban(self.country)


class Isbn(_Checked):
    """Numbers of books."""

    digits: Literal[10, 13] = 13

    def _format(self) -> Format:
        return FORMATS[f"isbn{self.digits}"]


class Ean(_Checked):
    """Numbers of articles (GTIN)."""

    digits: Literal[8, 12, 13, 14] = 13
    prefix: str = Field(default="", pattern=r"^[0-9]{0,12}$", description="Digits that all numbers begin with")

    def _format(self) -> Format:
        drawn = self.digits - 1 - len(self.prefix)
        if drawn < 1:
            raise RecipeError(f"prefix = {self.prefix!r}: it leaves no digit of {self.digits}")
        return ean(f"[0-9]{{{drawn}}}", self.digits - 1, self.prefix)


class Luhn(_Checked):
    """Numbers with Luhn's check digit at the end."""

    digits: int = Field(default=10, ge=2, le=64, description="With the check digit")

    def _format(self) -> Format:
        return simple(f"[0-9]{{{self.digits - 1}}}", luhn())


class Stdnum(_Checked):
    """Numbers of a format of python-stdnum."""

    format: str = Field(description="The name of its module, such as br.cpf; see the list")

    def _format(self) -> Format:
        if self.format not in FORMATS:
            meant = problems.did_you_mean(self.format, FORMATS)
            raise RecipeError(f"format = {self.format!r}: use one of {', '.join(FORMATS)}{meant}")
        return FORMATS[self.format]
