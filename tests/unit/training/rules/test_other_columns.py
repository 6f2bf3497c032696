"""Rules of other columns of the row, and addresses of the Internet."""

import re
from typing import Any

import pytest
from tests.unit.training.rules.making import distinct, one, table

from synthserve.v1 import schema_pb2
from synthserve_training.errors import RecipeError
from synthserve_training.models.rules import rule

_NAMES: dict[str, dict[str, Any]] = {
    "first": {"kind": "choice", "values": ["Zoë", "Jürgen", "Łukasz"]},
    "last": {"kind": "last-name", "missing": 0.2},
}


def test_a_copy_is_the_same_column() -> None:
    made = table(
        {**_NAMES, "a": {"kind": "reference", "from": ["first"]}, "b": {"kind": "reference", "from": ["last"]}}
    )
    found = made.values(200)

    assert found["a"] == found["first"]
    assert found["b"] == found["last"]
    assert made.schemas["a"].categories == made.schemas["first"].categories


def test_texts_are_joined() -> None:
    options = {"kind": "reference", "from": ["last", "first"], "prefix": "<", "separator": ", ", "suffix": ">"}
    found = table({**_NAMES, "c": options}).values(300)

    for first, last, joined in zip(found["first"], found["last"], found["c"], strict=True):
        assert joined == (None if last is None else f"<{last}, {first}>")


def test_case_changes_the_letters_of_ascii() -> None:
    columns: dict[str, dict[str, Any]] = {
        **_NAMES,
        "upper": {"kind": "reference", "from": ["first", "last"], "case": "upper"},
        "lower": {"kind": "reference", "from": ["first"], "case": "lower"},
    }
    found = table(columns).values(100)

    assert set(found["lower"]) == {"zoë", "jürgen", "Łukasz"}
    assert all(text is None or text.startswith(("ZOë", "JüRGEN", "ŁUKASZ")) for text in found["upper"])


def test_addresses_are_of_the_names_of_the_row() -> None:
    columns: dict[str, dict[str, Any]] = {
        "first": {"kind": "first-name", "locale": "de_DE"},
        "last": _NAMES["first"],
        "mail": {"kind": "email", "from": ["first", "last"], "locale": "de_DE", "domains": ["example.de"]},
    }
    found = table(columns).values(400)

    written = {"Zoë": "zoe", "Jürgen": "juergen", "Łukasz": "lukasz"}
    umlauts = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "-": "", "é": "e", "ë": "e"})
    for first, last, mail in zip(found["first"], found["last"], found["mail"], strict=True):
        assert mail == f"{first.lower().translate(umlauts)}.{written[last]}@example.de"


def test_an_address_is_missing_where_a_name_is() -> None:
    found = table({**_NAMES, "mail": {"kind": "email", "from": ["first", "last"]}}).values(200)

    assert [mail is None for mail in found["mail"]] == [last is None for last in found["last"]]


def test_addresses_of_texts_that_are_in_no_list() -> None:
    columns: dict[str, dict[str, Any]] = {
        "code": {"kind": "regex", "pattern": "[A-Z]{2}-é[0-9]{3}"},
        "mail": {"kind": "email", "from": ["code"], "domains": ["example.org"]},
    }
    found = table(columns).values(50)

    for code, mail in zip(found["code"], found["mail"], strict=True):
        assert mail == f"{code[:2].lower()}{code[-3:]}@example.org"


@pytest.mark.parametrize("locale", ["en_US", "ja_JP", "fr_FR"])
def test_addresses_are_well_formed(locale: str) -> None:
    made = table({kind: {"kind": kind, "locale": locale} for kind in ("email", "user-name", "url")}).values(200)

    assert all(re.fullmatch(r"[a-z0-9]+[._][a-z0-9]+@example\.(com|net|org)", text) for text in made["email"])
    assert all(re.fullmatch(r"[a-z0-9]+[._][a-z0-9]+", text) for text in made["user-name"])
    assert all(re.fullmatch(r"https://(www\.)?[a-z0-9]+\.example/[a-z0-9]+", text) for text in made["url"])


def test_addresses_can_be_unique() -> None:
    columns: dict[str, dict[str, Any]] = {
        "first": _NAMES["first"],
        "named": {"kind": "email", "from": ["first"], "unique": True},
        "random": {"kind": "email", "unique": True},
        "user": {"kind": "user-name", "unique": True},
    }
    tensors = table(columns).tensors(30_000)

    assert [distinct(tensors[name]) for name in ("named", "random", "user")] == [30_000] * 3


def test_addresses_of_computers() -> None:
    from ipaddress import IPv4Address, IPv6Address
    from uuid import UUID

    for text in one({"kind": "uuid"}, 100):
        assert UUID(text).version == 4
        assert str(UUID(text)) == text
    for text in one({"kind": "ipv4"}, 2000):
        address = IPv4Address(text)
        assert str(address) == text
        assert not address.is_multicast
        assert not address.is_loopback
    assert all(IPv6Address(text) for text in one({"kind": "ipv6"}, 100))
    assert all(re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", text) for text in one({"kind": "mac"}, 100))
    assert all(int(text[:2], 16) % 4 == 0 for text in one({"kind": "mac"}, 100))


def test_columns_without_texts_are_refused() -> None:
    made = rule({"kind": "reference", "from": ["n"], "prefix": "x"}, "c")
    number = schema_pb2.Column(name="n", type=schema_pb2.COLUMN_TYPE_INT64)

    assert made.references == ("n",)
    with pytest.raises(RecipeError, match="the column 'n' has no texts"):
        made.schema("c", {"n": number})
    with pytest.raises(RecipeError, match="'n' is no column that is made before"):
        made.schema("c", {"m": number})
