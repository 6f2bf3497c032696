"""Which keys of a key set are used."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm
from tests.fixtures.issuer import Key, key_set

from synthserve_server.security.files import CredentialsError
from synthserve_server.security.jwks import ALGORITHMS, Keys, parse

RSA = Key("rsa", "RS256")
CURVE = Key("curve", "ES256")


def of(*entries: Any) -> Keys:
    return parse(json.dumps({"keys": entries}).encode(), "keys.json")


def test_a_key_is_for_the_algorithms_of_its_kind() -> None:
    keys = parse(key_set(RSA, CURVE, Key("edwards", "EdDSA"), Key("384", "ES384"), Key("512", "ES512")), "keys.json")
    assert set(keys.by_name) == {
        *(("rsa", f"{kind}{bits}") for kind in ("RS", "PS") for bits in (256, 384, 512)),
        ("curve", "ES256"),
        ("edwards", "EdDSA"),
        ("384", "ES384"),
        ("512", "ES512"),
    }
    assert {algorithm for _, algorithm in keys.by_name} == ALGORITHMS


def test_what_a_key_says_of_its_use_is_kept() -> None:
    assert set(of(RSA.public(alg="PS256", use="sig", key_ops=["verify"])).by_name) == {("rsa", "PS256")}


@pytest.mark.parametrize(
    "entry",
    [
        RSA.public(use="enc"),
        RSA.public(key_ops=["encrypt"]),
        RSA.public(key_ops="verify"),
        RSA.public(alg="HS256"),
        RSA.public(alg="RSA-OAEP"),
        RSA.public(kid=7),
        CURVE.public(alg="RS256"),
        CURVE.public(crv="P-384"),
        CURVE.public(crv="secp256k1"),
        CURVE.public(crv=None),
        CURVE.public(x="AAAA"),
        ECAlgorithm.to_jwk(CURVE.private, as_dict=True),
        Key("weak", "RS256", rsa.generate_private_key(65537, 1024)).public(),  # noqa: S505 - it is to be refused
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"},
        {"kty": "RSA", "n": 5, "e": None},
        "a text",
        None,
    ],
)
def test_keys_that_must_not_be_used_are_left_out(entry: Any) -> None:
    with pytest.raises(CredentialsError, match=r"^keys\.json holds no public key for signatures that can be used$"):
        of(entry)
    assert set(of(entry, Key("good", "EdDSA").public()).by_name) == {("good", "EdDSA")}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a JSON Web Key Set"),
        (b"{}", "is not a JSON Web Key Set"),
        (b'{"keys": {}}', "is not a JSON Web Key Set"),
        (b'{"keys": []}', "holds no public key"),
        (json.dumps({"keys": [{}] * 101}).encode(), "holds more than 100 keys"),
    ],
)
def test_what_is_no_key_set_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(CredentialsError, match=message):
        parse(data, "keys.json")


def test_a_token_without_a_key_id_means_the_only_key_for_its_algorithm() -> None:
    keys = of(RSA.public(), CURVE.public(), Key("other", "ES256").public(), Key(None, "EdDSA").public())
    assert keys.find(None, "RS256") is keys.find("rsa", "RS256") is not None
    assert keys.find(None, "EdDSA") is not None
    assert keys.find(None, "ES256") is None
    assert keys.find("rsa", "ES256") is None
    assert keys.find("curve", "ES256") is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
MEMBERS = ["kty", "crv", "x", "y", "n", "e", "d", "kid", "alg", "use", "key_ops"]


@given(kind=st.sampled_from([RSA, CURVE, Key("e", "EdDSA")]), members=st.dictionaries(st.sampled_from(MEMBERS), JSON))
def test_no_entry_breaks_the_others(kind: Key, members: dict[str, Any]) -> None:
    keys = of(kind.public(**members), Key("good", "EdDSA", GOOD).public())
    assert keys.find("good", "EdDSA")


GOOD = Key("good", "EdDSA").private
