"""A table of numbers with check digits, by their names in python-stdnum, whose checks they pass.

Sources: the modules of python-stdnum of these names, which cite the rules of the issuers.
"""

from collections.abc import Mapping
from types import MappingProxyType

from synthserve_training.models.rules.checks.generating import Check, Format
from synthserve_training.models.rules.checks.machines import (
    ALPHABET,
    Machine,
    complement,
    damm,
    digit,
    luhn,
    modulo_11_2,
    modulo_11_10,
    modulo_97,
    number,
    remainder,
    verhoeff,
    weighted,
    weights,
)


def simple(group: str, machine: Machine, prefix: str = "") -> Format:
    """Characters and check characters behind them, all behind a prefix that is not checked."""
    return Format((group,), (Check(machine, (0,)),), (*([prefix] if prefix else []), 0, 1))


def steered(group: str, machine: Machine, prefix: str = "", last: str = "[0-9]") -> Format:
    """Characters of which not all have a check character."""
    return Format((group, last), (Check(machine, (0, 1)),), (*([prefix] if prefix else []), 0, 1, 2))


def leading(group: str, machine: Machine) -> Format:
    """Characters with their check characters before them."""
    return Format((group,), (Check(machine, (0,)),), (1, 0))


def ean(group: str, length: int, prefix: str = "") -> Format:
    """A number of GS1: weights 3 and 1 in turns, from the right."""
    factors = [3 if (length - place) % 2 else 1 for place in range(length)]
    start = sum(factor * int(one) for factor, one in zip(factors, prefix, strict=False))
    machine = weights(factors[len(prefix) :], 10, complement(10), start=start % 10)
    return simple(group, machine, prefix)


_CPF = digit(lambda state: -state % 11 % 10)
_CONTAINER = "0123456789A?BCDEFGHIJK?LMNOPQRSTU?VWXYZ"

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "ar.cuit": simple(
            "(20|23|24|27|30|33|34)[0-9]{8}",
            weights((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11, lambda s: "012345678990"[11 - s]),
        ),
        "at.uid": simple(
            "[0-9]{7}",
            weighted(
                lambda one, place: sum(map(int, str(int(one) * (1 + place % 2)))), 10, digit(lambda s: (6 - s) % 10)
            ),
            "U",
        ),
        "au.abn": leading("[0-9]{9}", weights(range(3, 21, 2), 89, lambda s: f"{11 + (-s - 1) % 89}")),
        "au.acn": simple("[0-9]{8}", weights(range(8, 0, -1), 10, complement(10))),
        "au.tfn": steered("[1-9][0-9]{6}", weights((1, 4, 3, 7, 5, 8, 6, 9), 11, remainder())),
        "be.vat": simple("0[1-9][0-9]{6}", number("", 97, lambda s: f"{97 - s:02}")),
        "br.cnpj": Format(
            ("[0-9]{8}000[1-9]",),
            (
                Check(weights((5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), 11, _CPF), (0,)),
                Check(weights((6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2), 11, _CPF), (0, 1)),
            ),
            (0, 1, 2),
        ),
        "br.cpf": Format(
            ("[0-9]{9}",),
            (
                Check(weights(range(10, 1, -1), 11, _CPF), (0,)),
                Check(weights(range(11, 1, -1), 11, _CPF), (0, 1)),
            ),
            (0, 1, 2),
        ),
        "ca.sin": simple("[1-79][0-9]{7}", luhn()),
        "ch.ssn": ean("[0-9]{9}", 12, "756"),
        "ch.uid": steered("[0-9]{7}", weights((5, 4, 3, 2, 7, 6, 5, 4), 11, complement(11)), "CHE"),
        "cl.rut": simple("[0-9]{8}", weights((3, 2, 7, 6, 5, 4, 3, 2), 11, complement(11, ten="K"))),
        "cusip": simple(
            "[0-9]{3}[0-9A-Z]{5}",
            weighted(lambda one, place: sum(map(int, str(ALPHABET.index(one) * (1 + place % 2)))), 10, complement(10)),
        ),
        "damm": simple("[0-9]{9}", damm()),
        "de.vat": simple("[1-9][0-9]{7}", modulo_11_10()),
        "dk.cvr": steered("[1-9][0-9]{5}", weights((2, 7, 6, 5, 4, 3, 2), 11, complement(11))),
        "ean": ean("[0-9]{12}", 12),
        "ee.kmkr": simple("10[0-9]{6}", weights((3, 7, 1, 3, 7, 1, 3, 7), 10, complement(10))),
        "es.dni": simple("[0-9]{8}", number("", 23, lambda s: "TRWAGMYFPDXBNJZSQVHLCKE"[s])),
        "es.nie": Format(
            ("[XYZ]", "[0-9]{7}"),
            (
                Check(
                    weighted(
                        lambda one, place: ("XYZ".index(one) if place == 0 else int(one)) * 10 ** (7 - place),
                        23,
                        lambda s: "TRWAGMYFPDXBNJZSQVHLCKE"[s],
                    ),
                    (0, 1),
                ),
            ),
            (0, 1, 2),
        ),
        "fi.ytunnus": steered("[0-9]{6}", weights((7, 9, 10, 5, 8, 4, 2), 11, complement(11))),
        "fr.siren": simple("[0-9]{8}", luhn()),
        "fr.siret": Format(("[0-9]{8}", "[0-9]{4}"), (Check(luhn(), (0,)), Check(luhn(), (0, 2, 1))), (0, 2, 1, 3)),
        "gb.nhs": steered("[0-9]{8}", weights(range(10, 1, -1), 11, complement(11))),
        "gb.sedol": simple(
            "[BCDFGHJKLMNPQRSTVWXYZ][0-9BCDFGHJKLMNPQRSTVWXYZ]{5}",
            weights((1, 3, 1, 7, 3, 9), 10, complement(10), alphabet=ALPHABET),
        ),
        "gr.vat": simple("[01][0-9]{7}", weights([2 ** (8 - i) for i in range(8)], 11, digit(lambda s: s % 10))),
        "hr.oib": simple("[0-9]{10}", modulo_11_10()),
        "hu.anum": simple("[1-9][0-9]{6}", weights((9, 7, 3, 1, 9, 7, 3), 10, complement(10))),
        "ie.pps": simple("[0-9]{7}", weights(range(8, 1, -1), 23, lambda s: "WABCDEFGHIJKLMNOPQRSTUV"[s])),
        "il.idnr": simple("[0-9]{8}", luhn()),
        "imei": simple("[0-9]{14}", luhn()),
        "imo": simple("[1-9][0-9]{5}", weights(range(7, 1, -1), 10, remainder())),
        "in_.aadhaar": simple("[2-9][0-9]{10}", verhoeff(11)),
        "isbn10": simple("[0-9]{9}", weights(range(10, 1, -1), 11, complement(11, ten="X"))),
        "isbn13": ean("[0-9]{9}", 12, "978"),
        "isin": simple("(US|DE|GB|FR|JP|CH)[0-9A-Z]{9}", luhn()),
        "ismn": ean("[0-9]{8}", 12, "9790"),
        "isni": simple("[0-9]{15}", modulo_11_2()),
        "iso6346": simple(
            "[A-Z]{3}U[0-9]{6}",
            weights([2**place for place in range(10)], 11, digit(lambda s: s % 10), alphabet=_CONTAINER),
        ),
        "issn": simple("[0-9]{7}", weights(range(8, 1, -1), 11, complement(11, ten="X"))),
        "it.iva": simple("[1-9][0-9]{6}0(0[1-9]|[1-9][0-9])", luhn()),
        "jp.cn": leading("[0-9]{12}", weights((2, 1) * 6, 9, digit(lambda s: 9 - s))),
        "kr.brn": simple(
            "[1-9][1-9][1-9][0-9][1-9][0-9][1-9][0-9]{2}",
            weighted(
                lambda one, place: (1, 3, 7, 1, 3, 7, 1, 3, 5)[place] * int(one) + (int(one) * 5 // 10) * (place == 8),
                10,
                complement(10),
            ),
        ),
        "lei": simple("[0-9A-Z]{18}", modulo_97()),
        "lu.tva": simple("[0-9]{6}", number("", 89, lambda s: f"{s:02}")),
        "luhn": simple("[0-9]{9}", luhn()),
        "mt.vat": simple("[1-9][0-9]{5}", weights((3, 4, 6, 7, 8, 9), 37, lambda s: f"{37 - s:02}")),
        "nl.bsn": steered("[1-9][0-9]{6}", weights(range(9, 1, -1), 11, remainder())),
        "no.orgnr": steered("[89][0-9]{6}", weights((3, 2, 7, 6, 5, 4, 3, 2), 11, complement(11))),
        "pe.ruc": simple(
            "(10|15|17|20)[0-9]{8}", weights((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11, digit(lambda s: (11 - s) % 10))
        ),
        "pl.nip": steered("[1-9][0-9]{7}", weights((6, 5, 7, 2, 3, 4, 5, 6, 7), 11, remainder())),
        "pl.regon": simple("[0-9]{8}", weights((8, 9, 2, 3, 4, 5, 6, 7), 11, digit(lambda s: s % 10))),
        "pt.nif": simple("[1-9][0-9]{7}", weights(range(9, 1, -1), 11, digit(lambda s: -s % 11 % 10))),
        "ru.inn": simple("[0-9]{9}", weights((2, 4, 10, 3, 5, 9, 4, 6, 8), 11, digit(lambda s: s % 10))),
        "se.orgnr": simple("[0-9]{9}", luhn()),
        "th.pin": simple("[1-8][0-9]{11}", weights(range(13, 1, -1), 11, digit(lambda s: (11 - s) % 10))),
        "tr.tckimlik": Format(
            ("[1-9][0-9]{8}",),
            (
                Check(weights((7, -1) * 4 + (7,), 10, remainder()), (0,)),
                Check(weights((1,) * 10, 10, remainder()), (0, 1)),
            ),
            (0, 1, 2),
        ),
        "ua.rntrc": simple("[0-9]{9}", weights((-1, 5, 7, 9, 4, 6, 10, 5, 7), 11, digit(lambda s: s % 10))),
        "us.rtn": simple("[0-9]{8}", weights((3, 7, 1, 3, 7, 1, 3, 7), 10, complement(10))),
        "verhoeff": simple("[0-9]{9}", verhoeff(9)),
    }
)
"""Formats by name. A module of python-stdnum has the same name; `isbn10` and `isbn13` are its `isbn`."""
