"""Names, places and firms of a language."""

from collections import Counter

import pytest
from faker import Faker
from tests.unit.training.rules.making import one, table

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules import rule

_KINDS = ["first-name", "last-name", "name", "address", "street", "city", "postcode", "company", "job", "phone"]


@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR", "ja_JP", "pt_BR"])
def test_every_kind_knows_the_language(locale: str) -> None:
    made = table({kind: {"kind": kind, "locale": locale} for kind in _KINDS})
    found = made.values(300)

    for kind in _KINDS:
        assert all(text and text == text.strip() and "\n" not in text and "{{" not in text for text in found[kind]), (
            kind
        )
        assert len(set(found[kind])) > 20
    assert made.model.ByteSize() < 3_000_000


def test_names_are_as_likely_as_in_the_language() -> None:
    weights = next(
        each for each in Faker("en_US").factories[0].get_providers() if hasattr(each, "last_names")
    ).last_names
    found = Counter(one({"kind": "last-name"}, 20_000))

    for name in sorted(weights, key=weights.get, reverse=True)[:10]:
        expected = 20_000 * weights[name] / sum(weights.values())
        assert abs(found[name] - expected) < 5 * expected**0.5


def test_names_are_of_a_gender() -> None:
    provider = next(each for each in Faker("de_DE").factories[0].get_providers() if hasattr(each, "first_names_female"))

    assert set(one({"kind": "first-name", "locale": "de_DE", "gender": "female"})) <= set(provider.first_names_female)


def test_sentences() -> None:
    for text in one({"kind": "text", "words": [2, 5], "sentences": [1, 2]}):
        sentences = text.removesuffix(".").split(". ")
        assert 1 <= len(sentences) <= 2
        for sentence in sentences:
            assert 2 <= len(sentence.split(" ")) <= 5
            assert sentence[0].isupper()


def test_a_single_word_is_a_sentence() -> None:
    assert all(
        text[0].isupper() and text.endswith(".") and " " not in text for text in one({"kind": "text", "words": [1, 1]})
    )


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(
        RecipeError, match=r"locale: locale = 'de_DD': give a language and a country .* did you mean de_DE"
    ):
        rule({"kind": "name", "locale": "de_DD"}, "c")


def test_a_language_without_the_list_is_refused() -> None:
    with pytest.raises(RecipeError, match="Faker has no phone numbers for it"):
        rule({"kind": "phone", "locale": "en_PH"}, "c")
