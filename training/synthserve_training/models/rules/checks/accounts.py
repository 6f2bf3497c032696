"""Bank accounts (IBAN) and cards."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from stdnum import numdb

from synthserve_training import problems
from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.checks.formats import simple
from synthserve_training.models.rules.checks.generating import Check, Format
from synthserve_training.models.rules.checks.machines import complement, digit, luhn, modulo_97, number, weights

_CLASSES = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}

_SPANISH = digit(lambda state: {0: 0, 1: 1}.get(state, 11 - state))

_NATIONAL: Mapping[str, Format] = MappingProxyType(
    {
        "ES": Format(
            ("[0-9]{8}", "[0-9]{10}"),
            (
                Check(weights((4, 8, 5, 10, 9, 7, 3, 6), 11, _SPANISH), (0,)),
                Check(weights((1, 2, 4, 8, 5, 10, 9, 7, 3, 6), 11, _SPANISH), (1,)),
                Check(modulo_97("ES"), (0, 2, 3, 1)),
            ),
            ("ES", 4, 0, 2, 3, 1),
        ),
        "ME": Format(("[0-9]{16}",), (Check(modulo_97(), (0,)), Check(modulo_97("ME"), (0, 1))), ("ME", 2, 0, 1)),
        "NO": Format(
            ("[1-9][0-9]{8}", "[0-9]"),
            (
                Check(weights((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11, complement(11)), (0, 1)),
                Check(modulo_97("NO"), (0, 1, 2)),
            ),
            ("NO", 3, 0, 1, 2),
        ),
    }
)
"""Countries whose own check digits python-stdnum knows, too."""

CARDS: Mapping[str, Format] = MappingProxyType(
    {
        "american-express": simple("3[47][0-9]{12}", luhn()),
        "diners": simple("3[68][0-9]{11}", luhn()),
        "discover": simple("6011[0-9]{11}", luhn()),
        "jcb": simple("35(2[89]|[3-8][0-9])[0-9]{11}", luhn()),
        "mastercard": simple("5[1-5][0-9]{13}", luhn()),
        "visa": simple("4[0-9]{14}", luhn()),
    }
)
"""Card numbers by issuer (ISO/IEC 7812 prefixes)."""


def iban(country: str) -> Format:
    """The bank accounts of a country, as the IBAN registry in python-stdnum describes them.

    Raises:
        RecipeError: The registry does not have the country.
    """
    if country == "BE":
        return _belgian()
    if country in _NATIONAL:
        return _NATIONAL[country]
    found = numdb.get("iban").info(f"{country}00")[0]
    structure = str(found[1].get("bban", ""))
    if found[0] != country or not structure:
        raise RecipeError(
            f"country = {country!r}: give the two capital letters of a country that has IBANs, such as DE or FR"
        )
    group = "".join(f"{_CLASSES[kind]}{{{count}}}" for count, kind in re.findall(r"(\d+)!([nac])", structure))
    return Format((group,), (Check(modulo_97(country), (0,)),), (country, 1, 0))


def card(issuer: str) -> Format:
    """The card numbers of an issuer.

    Raises:
        RecipeError: The issuer is not known.
    """
    if issuer not in CARDS:
        meant = problems.did_you_mean(issuer, CARDS)
        raise RecipeError(f"issuer = {issuer!r}: use one of {', '.join(CARDS)}{meant}")
    return CARDS[issuer]


def _belgian() -> Format:
    """The accounts of Belgian banks, whose codes are in a registry; their last two digits are check digits, too."""
    banks = numdb.get("be/banks")
    codes = "|".join(code for code in (f"{each:03}" for each in range(1000)) if banks.info(code)[0][1])
    return Format(
        (f"({codes})[0-9]{{7}}",),
        (Check(number("", 97, lambda s: f"{s or 97:02}"), (0,)), Check(modulo_97("BE"), (0, 1))),
        ("BE", 2, 0, 1),
    )
