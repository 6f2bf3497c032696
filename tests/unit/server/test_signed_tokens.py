"""Which tokens let somebody in, and what the others are told."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.fixtures.issuer import AUDIENCE, ISSUER, Key, write_keys

from synthserve_server.errors import ExpiredTokenError, UnauthenticatedError
from synthserve_server.security.callers import Callers
from synthserve_server.security.key_sources import KeyFile
from synthserve_server.security.principals import Principal
from synthserve_server.security.refusals import Refusals, RefusedTokenError
from synthserve_server.security.signed_tokens import LEEWAY_SECONDS, SignedTokens
from synthserve_server.security.tokens import TokenFile

KEY, RSA, STRANGER = Key("a"), Key("r", "RS256"), Key("a")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFile:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    write_keys(file, KEY, RSA)
    return KeyFile(file)


@pytest.fixture(scope="module")
def signed(keys: KeyFile) -> SignedTokens:
    return SignedTokens(keys, ISSUER, AUDIENCE, "sub", "roles")


def segment(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "reporting", "exp": int(time.time()) + 3600}


def with_secret(secret: bytes, algorithm: str = "HS256", **header: Any) -> str:
    """A token with a keyed hash for a signature, made by hand: PyJWT refuses to misuse a public key so."""
    signed = f"{segment({'alg': algorithm, 'kid': 'r', **header})}.{segment(CLAIMS)}"
    return f"{signed}.{segment(hmac.digest(secret, signed.encode(), 'sha256'))}"


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
async def test_the_claims_name_the_caller(tmp_path: Path, algorithm: str) -> None:
    key = Key("a", algorithm)
    write_keys(tmp_path / "keys.json", key)
    signed = SignedTokens(KeyFile(tmp_path / "keys.json"), ISSUER, AUDIENCE, "sub", "roles")
    assert await signed.find(key.sign()) == Principal("reporting")
    assert await signed.find(key.sign(aud=["another", AUDIENCE], roles=["admin", "king"])) == Principal(
        "reporting", frozenset({"admin"})
    )


@pytest.mark.parametrize(
    ("claim", "claims", "admin"),
    [
        ("roles", {"roles": "admin"}, True),
        ("roles", {"roles": ["reader", "admin"]}, True),
        ("scope", {"scope": "openid admin"}, True),
        ("scope", {"scope": "openid administrator"}, False),
        ("scope", {"roles": ["admin"]}, False),
        ("roles", {}, False),
        ("roles", {"roles": {"admin": True}}, False),
        ("roles", {"roles": [["admin"], None, 7]}, False),
        ("roles", {"roles": 7}, False),
        ("realm_access.roles", {"realm_access": {"roles": ["admin"]}}, True),
        ("realm_access.roles", {"realm_access": ["roles"]}, False),
        ("https://example.org/roles", {"https://example.org/roles": ["admin"]}, True),
    ],
)
async def test_roles_stand_in_the_claim_that_the_operator_names(
    keys: KeyFile, claim: str, claims: dict[str, Any], admin: bool
) -> None:
    principal = await SignedTokens(keys, ISSUER, AUDIENCE, "sub", claim).find(KEY.sign(**claims))
    assert principal.roles == ({"admin"} if admin else set())


async def test_the_name_stands_in_the_claim_that_the_operator_names(keys: KeyFile) -> None:
    signed = SignedTokens(keys, ISSUER, AUDIENCE, "azp", "roles")
    assert (await signed.find(KEY.sign(azp="batch job"))).name == "batch job"
    for name in (None, "", 7, ["a"], "a\nb", "a\x1b[2J", "n" * 256):
        with pytest.raises(RefusedTokenError, match="the claim with the name is not a short line of text"):
            await signed.find(KEY.sign(azp=name))


async def test_clocks_may_differ_a_little(signed: SignedTokens) -> None:
    now = int(time.time())
    within, beyond = LEEWAY_SECONDS - 15, LEEWAY_SECONDS + 15
    assert await signed.find(KEY.sign(exp=now - within, nbf=now + within, iat=now + within))
    with pytest.raises(ExpiredTokenError):
        await signed.find(KEY.sign(exp=now - beyond))
    for early in ({"nbf": now + beyond}, {"iat": now + beyond}):
        with pytest.raises(RefusedTokenError, match="it is not valid yet"):
            await signed.find(KEY.sign(**early))


PEM = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
BAD = [
    (lambda: KEY.sign(aud="another"), "it is for another audience"),
    (lambda: KEY.sign(aud=["another"]), "it is for another audience"),
    (lambda: KEY.sign(iss="https://issuer.example.org/"), "it is of another issuer"),
    (lambda: KEY.sign(aud=None), "exp, iss or aud is missing"),
    (lambda: KEY.sign(iss=None), "exp, iss or aud is missing"),
    (lambda: KEY.sign(exp=None), "exp, iss or aud is missing"),
    (lambda: KEY.sign(sub=None), "the claim with the name"),
    (lambda: KEY.sign(exp="soon"), "it is not a JWT that can be read"),
    (lambda: STRANGER.sign(), "the signature is wrong"),
    (lambda: STRANGER.sign(exp=1), "the signature is wrong"),
    (lambda: Key("unknown").sign(), "the issuer has no such key"),
    (lambda: Key("r", "ES256").sign(), "the issuer has no such key"),
    (lambda: jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": "a"}), "its algorithm is not allowed"),
    (lambda: f"{segment({'alg': 'nOnE', 'kid': 'a'})}.{segment(CLAIMS)}.", "its algorithm is not allowed"),
    (lambda: f"{segment({'alg': 'ES256', 'kid': 'a'})}.{segment(CLAIMS)}.", "the signature is wrong"),
    (lambda: with_secret(PEM), "its algorithm is not allowed"),
    (lambda: with_secret(b"", "RS256"), "the signature is wrong"),
    (lambda: with_secret(PEM, "RS256"), "the signature is wrong"),
    (lambda: with_secret(PEM, jwk=RSA.public(), jku="https://example.org"), "its algorithm is not allowed"),
    (lambda: with_secret(PEM, "RS256", kid=7), "it is not a JWT that can be read"),
    (lambda: with_secret(PEM, "RS256", crit=["b64"], b64=False), "it is not a JWT that can be read"),
    (lambda: f"{segment([])}.{segment({})}.", "it is not a JWT that can be read"),
    (lambda: f"{segment({'kid': 'a'})}.{segment(CLAIMS)}.", "its algorithm is not allowed"),
    (lambda: f"{segment({'alg': ['ES256']})}.{segment(CLAIMS)}.", "its algorithm is not allowed"),
    (lambda: f"{segment(b'[' * 9000)}.{segment(CLAIMS)}.", "it is not a JWT that can be read"),
    (lambda: "..", "it is not a JWT that can be read"),
]


@pytest.mark.parametrize(("make", "why"), BAD)
async def test_what_lets_nobody_in(signed: SignedTokens, make: Any, why: str) -> None:
    token = make()
    with pytest.raises(RefusedTokenError, match=why) as caught:
        await signed.find(token)
    assert not any(part in str(caught.value) for part in token.split(".") if part)


async def test_the_token_file_and_signed_tokens_stand_side_by_side(tmp_path: Path, signed: SignedTokens) -> None:
    file = tmp_path / "tokens"
    file.write_text("".join(f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n" for name in ("plain", "a.b.c")))
    both = Callers(TokenFile(file), signed)
    assert (await both.find("plain")).name == "plain"
    assert (await both.find("a.b.c")).name == "a.b.c"
    assert (await both.find(KEY.sign())).name == "reporting"
    with pytest.raises(UnauthenticatedError):
        await Callers(TokenFile(file), None).find(KEY.sign())
    with pytest.raises(ExpiredTokenError, match="has expired"):
        await both.find(KEY.sign(exp=1))
    for wrong in ("wrong", "w.r.o.n.g", STRANGER.sign(), STRANGER.sign(exp=1)):
        with pytest.raises(UnauthenticatedError, match=r"^the bearer token is not known here$"):
            await both.find(wrong)


PARTS = st.one_of(
    st.text(),
    st.binary().map(segment),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ).map(segment),
    st.fixed_dictionaries(
        {"alg": st.sampled_from(["ES256", "RS256", "PS384", "none", "HS256", "ES256K", None, 7])},
        optional={"kid": st.sampled_from(["a", "r", "", None, 7]), "crit": st.lists(st.text()), "b64": st.booleans()},
    ).map(segment),
    st.just(segment(CLAIMS)),
)


@given(parts=st.lists(PARTS, min_size=1, max_size=4))
def test_garbage_is_told_that_it_is_not_known(signed: SignedTokens, parts: list[str]) -> None:
    with pytest.raises(UnauthenticatedError, match=r"^the bearer token is not known here$"):
        asyncio.run(Callers(None, signed).find(".".join(parts)))


@given(data=st.data())
def test_a_token_with_a_changed_character_is_no_token(signed: SignedTokens, data: st.DataObject) -> None:
    token = data.draw(st.sampled_from([TOKEN, RSA_TOKEN]))
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda c: c != token[place]))
    with pytest.raises((UnauthenticatedError, ExpiredTokenError)):
        asyncio.run(Callers(None, signed).find(token[:place] + other + token[place + 1 :]))


TOKEN, RSA_TOKEN = (jwt.encode(CLAIMS, key.private, key.algorithm, {"kid": key.id}) for key in (KEY, RSA))


def test_a_flood_of_refusals_is_few_lines(capfd: pytest.CaptureFixture[str]) -> None:
    now = 1000.0
    refusals = Refusals(lambda: now)
    for _ in range(100):
        refusals.note("one reason")
    refusals.note("another")
    now += 61
    refusals.note("one reason")
    lines = [line for line in "".join(capfd.readouterr()).splitlines() if "tokens refused" in line]
    assert [(re.findall(r"count=(\d+)", line), "one" in line) for line in lines] == [
        (["1"], True),
        (["1"], False),
        (["100"], True),
    ]
