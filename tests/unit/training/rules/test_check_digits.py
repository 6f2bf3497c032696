"""Numbers with check digits, by the judgement of python-stdnum."""

import importlib
from typing import Any

import pytest
from tests.unit.training.rules.making import distinct, table

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules import rule
from synthserve_training.models.rules.checks.accounts import CARDS
from synthserve_training.models.rules.checks.formats import FORMATS

_ROWS = 150

_KINDS: list[tuple[dict[str, Any], str]] = [
    *(({"kind": "stdnum", "format": name}, name.removesuffix("10").removesuffix("13")) for name in FORMATS),
    *(({"kind": "card", "issuer": issuer}, "luhn") for issuer in CARDS),
    *(
        ({"kind": "iban", "country": country}, "iban")
        for country in ("DE", "FR", "GB", "NL", "IT", "CH", "BE", "ES", "NO", "ME", "MT", "SC")
    ),
    *(({"kind": "ean", "digits": digits}, "ean") for digits in (8, 12, 13, 14)),
    *(({"kind": "isbn", "digits": digits}, "isbn") for digits in (10, 13)),
    ({"kind": "ean", "prefix": "400"}, "ean"),
    ({"kind": "luhn", "digits": 17}, "luhn"),
]


@pytest.mark.parametrize("part", range(4))
def test_every_number_is_valid(part: int) -> None:
    kinds = _KINDS[part::4]
    columns: dict[str, dict[str, Any]] = {}
    for place, (options, _) in enumerate(kinds):
        columns[f"random {place}"] = options
        columns[f"unique {place}"] = {**options, "unique": True, "rows": _ROWS}
    made = table(columns).values(_ROWS)

    for place, (options, module) in enumerate(kinds):
        is_valid = importlib.import_module(f"stdnum.{module}").is_valid
        random, unique = made[f"random {place}"], made[f"unique {place}"]
        assert [number for number in random + unique if not is_valid(number)] == [], options
        assert len(set(unique)) == _ROWS, options


def test_prefixes() -> None:
    made = table(
        {
            "visa": {"kind": "card"},
            "amex": {"kind": "card", "issuer": "american-express"},
            "ean": {"kind": "ean", "prefix": "4006"},
            "iban": {"kind": "iban", "country": "FR"},
        }
    ).values(100)

    assert all(number[0] == "4" and len(number) == 16 for number in made["visa"])
    assert all(number[:2] in ("34", "37") and len(number) == 15 for number in made["amex"])
    assert all(number.startswith("4006") for number in made["ean"])
    assert all(number.startswith("FR") and len(number) == 27 for number in made["iban"])


def test_many_unique_numbers() -> None:
    kinds: list[dict[str, Any]] = [{"kind": "card"}, {"kind": "stdnum", "format": "nl.bsn"}, {"kind": "iban"}]
    made = table({str(place): {**options, "unique": True} for place, options in enumerate(kinds)})

    assert [distinct(texts) for texts in made.tensors(100_000).values()] == [100_000] * 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "card", "issuer": "viza"}, "did you mean visa"),
        ({"kind": "iban", "country": "US"}, "a country that has IBANs"),
        ({"kind": "iban", "country": "de"}, "two capital letters"),
        ({"kind": "stdnum", "format": "br.cfp"}, "did you mean br.cpf"),
        ({"kind": "ean", "digits": 8, "prefix": "1234567"}, "leaves no digit"),
        ({"kind": "ean", "digits": 8, "unique": True, "rows": 10**8}, "there are only 10,000,000 values"),
    ],
)
def test_what_is_not_known_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        rule(options, "c")
