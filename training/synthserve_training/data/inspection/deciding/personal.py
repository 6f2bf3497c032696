"""Kinds of texts that a rule makes better than a model: e-mail addresses, telephone numbers, names, check digits."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import polars as pl

from synthserve_training.data.inspection.deciding import names

_MOST = 500
"""So many values of a column are checked where the check is not one pattern."""

_SHARE = 0.9
"""So many of a column's values have to be of a kind."""

_UUID = r"^\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?$"
_HASH = (
    r"^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{128}|[0-9A-F]{32}|[0-9A-F]{40}|[0-9A-F]{64})$"
)
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$"
_URL = r"^(?:https?|ftp)://\S+$|^www\.\S+\.\S+$"
_IPV4 = r"^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$"
_GROUPS = r"[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4})"
_IPV6 = rf"^{_GROUPS}{{7}}$|^(?:{_GROUPS}{{0,6}})?::(?:{_GROUPS}{{0,6}})?$"
_MAC = r"^(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$"
_PHONE = r"^\+?[\d\s().\-/]{7,20}(?:\s*(?:x|ext\.?)\s*\d{1,6})?$"
_STREET = (
    r"(?i)^\d+[a-z]?\s+\S.*\b(?:st|street|ave|avenue|rd|road|blvd|boulevard|dr|drive|ln|lane|way|ct|court|pl|place|"
    r"hwy|highway|pkwy|parkway|sq|square|ter|terrace|cir|circle|route|rte|pike|loop|trail|trl)\b\.?"
    r"|^\S.*(?:straße|strasse|str\.|weg|platz|gasse|allee)\s*\d+\s?[a-z]?$|^\d+,?\s+(?:rue|avenue|boulevard|place)\s"
)
_WORDS = r"^\p{Lu}[\p{L}'’.\-]*(?:,?\s+\p{L}[\p{L}'’.\-]*){1,4}$"
_WORD = r"^\p{Lu}[\p{L}'’\-]+(?: \p{Lu}[\p{L}'’\-]+)?$"


@dataclass(frozen=True)
class Kind:
    """A kind of text.

    Attributes:
        rule: The kind of rule that makes such texts.
        what: For people.
        personal: Whether it is about persons.
        is_key: Whether such texts are keys, and not texts to read.
        always: Whether a rule makes them even where few of them repeat.
    """

    rule: str
    what: str
    personal: bool = True
    is_key: bool = False
    always: bool = True


def kind(name: str, texts: pl.Series) -> Kind | None:
    """The kind of which at least 90 % of the values of a column are.

    Patterns and check digits decide. The column's name is asked only where values alone leave a choice.

    Args:
        name: Of the column.
        texts: Trimmed distinct texts, at least one.
    """
    sample = texts if len(texts) <= _MOST else texts.gather_every(len(texts) // _MOST)
    words = set(names.tokens(name))
    shares = _shares(sample)
    for found, test in _KINDS:
        if (shares[test] if isinstance(test, str) else test(sample, words)) >= _SHARE:
            return found
    return None


def _shares(texts: pl.Series) -> dict[str, float]:
    """The share of texts that match each pattern: one pass for all of them."""
    patterns = [test for _, test in _KINDS if isinstance(test, str)]
    frame = pl.DataFrame({"text": texts})
    found = frame.select_seq(pl.col("text").str.contains(pattern).mean().alias(pattern) for pattern in patterns)
    return found.row(0, named=True)


def _valid(module: str, shape: str) -> Callable[[pl.Series, set[str]], float]:
    """The share of texts of a shape whose check digits are right."""

    def share(texts: pl.Series, _words: set[str]) -> float:
        shaped = texts.filter(texts.str.contains(shape))
        if len(shaped) < _SHARE * len(texts):
            return 0.0
        is_valid: Callable[[str], bool] = importlib.import_module(f"stdnum.{module}").is_valid
        return sum(map(is_valid, shaped)) / len(texts)

    return share


def _telephones(texts: pl.Series, words: set[str]) -> float:
    shaped = texts.filter(texts.str.contains(_PHONE))
    if len(shaped) < _SHARE * len(texts):
        return 0.0
    named = bool(
        words & {"phone", "telephone", "tel", "telefon", "mobile", "cell", "fax", "handy", "telefono", "teléfono"}
    )
    written = float(shaped.str.contains(r"^\+\d|^\(\d+\)|^\d{3}[-. ]\d{3}[-. ]\d{4}").mean() or 0)  # type: ignore[arg-type]
    if not named and written < _SHARE:
        return 0.0  # digits alone are any number
    if named:
        return len(shaped) / len(texts)
    import phonenumbers

    def possible(text: str) -> bool:
        try:
            return phonenumbers.is_possible_number(phonenumbers.parse(text, "US"))
        except phonenumbers.NumberParseException:
            return False

    return sum(map(possible, shaped)) / len(texts)


_PERSONS = frozenset(
    [
        "customer",
        "person",
        "employee",
        "patient",
        "student",
        "contact",
        "user",
        "author",
        "client",
        "member",
        "owner",
        "passenger",
        "driver",
        "teacher",
        "worker",
        "applicant",
        "buyer",
        "seller",
        "agent",
        "manager",
        "guest",
        "tenant",
        "victim",
        "player",
        "kunde",
        "kunden",
        "mitarbeiter",
        "cliente",
    ]
)


def _full_names(texts: pl.Series, words: set[str]) -> float:
    share = float(texts.str.contains(_WORDS).mean() or 0)  # type: ignore[arg-type]
    if share < _SHARE:
        # Names in other scripts have no capitals.
        return 1.0 if _of_persons(words) and not texts.str.contains(r"\d").any() else 0.0
    if _of_persons(words):
        return 1.0
    if len(texts) < 10:
        return 0.0
    first = texts.str.extract(r"^([\p{L}'’\-]+),?\s").fill_null("")
    behind = texts.str.extract(r"^[\p{L}'’\-]+,\s+([\p{L}'’\-]+)").fill_null("")
    known = list(_first_names())
    given = float((first.is_in(known) | behind.is_in(known)).mean() or 0)  # type: ignore[arg-type]
    return share if given >= 0.6 else 0.0


def _of_persons(words: set[str]) -> bool:
    return bool("fullname" in words or {"full", "name"} <= words or ("name" in words and words & _PERSONS))


def _single_names(*wanted: set[str]) -> Callable[[pl.Series, set[str]], float]:
    def share(texts: pl.Series, words: set[str]) -> float:
        if not any(one <= words for one in wanted):
            return 0.0
        return float(texts.str.contains(r"^\p{L}[\p{L}'’.\- ]*$").mean() or 0)  # type: ignore[arg-type]

    return share


def _named(*wanted: str) -> Callable[[pl.Series, set[str]], float]:
    def share(texts: pl.Series, words: set[str]) -> float:
        return float(texts.str.contains(r"\p{L}").mean() or 0) if words & set(wanted) else 0.0  # type: ignore[arg-type]

    return share


def _regions(texts: pl.Series, words: set[str]) -> float:
    if not words & {"state", "province", "region", "county", "provincia", "bundesland"}:
        return 0.0
    return float(texts.str.contains(r"\p{L}\p{Ll}{2}").mean() or 0)  # type: ignore[arg-type]  # no codes such as VA


@cache
def _first_names() -> frozenset[str]:
    found: set[str] = set()
    for locale in ("en_US", "de_DE", "es_ES", "fr_FR", "it_IT"):
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for attribute in ("first_names", "first_names_male", "first_names_female"):
            found.update(getattr(provider, attribute, ()))
    return frozenset(found)


_KINDS: list[tuple[Kind, str | Callable[[pl.Series, set[str]], float]]] = [
    (Kind("email", "e-mail addresses"), _EMAIL),
    (Kind("url", "web addresses", personal=False), _URL),
    (Kind("uuid", "UUIDs", personal=False, is_key=True, always=False), _UUID),
    (Kind("regex", "hashes", personal=False, is_key=True, always=False), _HASH),
    (Kind("ipv4", "IPv4 addresses", is_key=True), _IPV4),
    (Kind("ipv6", "IPv6 addresses", is_key=True), _IPV6),
    (Kind("mac", "MAC addresses", is_key=True), _MAC),
    (Kind("iban", "IBANs, by their check digits", is_key=True), _valid("iban", r"^[A-Z]{2}\d{2}[ A-Z0-9]{11,36}$")),
    (Kind("card", "card numbers, by their check digit", is_key=True), _valid("luhn", r"^(?:\d[ -]?){13,19}$")),
    (
        Kind("isbn", "ISBNs, by their check digit", personal=False, is_key=True),
        _valid("isbn", r"^(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]$"),
    ),
    (Kind("phone", "telephone numbers"), _telephones),
    (Kind("address", "street addresses"), _STREET),
    (
        Kind("first-name", "first names"),
        _single_names({"first", "name"}, {"firstname"}, {"given", "name"}, {"forename"}, {"vorname"}, {"fname"}),
    ),
    (
        Kind("last-name", "last names"),
        _single_names({"last", "name"}, {"lastname"}, {"surname"}, {"family", "name"}, {"nachname"}, {"lname"}),
    ),
    (Kind("name", "names of persons"), _full_names),
    (Kind("company", "names of companies", personal=False, always=False), _named("company", "employer", "firma")),
    (Kind("city", "names of places", personal=False, always=False), _named("city", "town", "ort", "ciudad", "ville")),
    (
        Kind("region", "names of regions", personal=False, always=False),
        _regions,
    ),
]
"""Kinds, and the share of a column's texts that are of each. The first one that fits is taken."""
