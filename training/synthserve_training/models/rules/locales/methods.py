"""Turns methods of Faker, such as `city`, into patterns, so that a graph makes what they make.

Most methods pick an element of a list and return it, or fill a format with digits and with what other methods return.
Such a method is run once with a recorder in place of the random choice, which finds the list. The others are run a few
thousand times, and their texts become a list. Both happen at export.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from faker import Faker
from faker.config import AVAILABLE_LOCALES
from faker.generator import Generator

from synthserve_training import problems
from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.patterns.building import alternatives, sequence
from synthserve_training.models.rules.patterns.nodes import Listed, Pattern

_SAMPLES = 3000
_MOST_BYTES = 100_000
"""The most bytes of a list in a graph. Longer ones lose the less likely texts."""

_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
_TOKEN = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_DIGITS = {
    "#": tuple("0123456789"),
    "%": tuple("123456789"),
    "$": tuple("23456789"),
    "!": (*"0123456789", ""),
    "@": (*"123456789", ""),
}
_LETTERS = {"?": tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}


def check_locale(locale: str) -> None:
    """Checks that Faker knows a locale.

    Raises:
        RecipeError: It does not.
    """
    if locale not in AVAILABLE_LOCALES:
        known = sorted(AVAILABLE_LOCALES)
        raise RecipeError(
            f"locale = {locale!r}: give a language and a country such as de_DE{problems.did_you_mean(locale, known)}"
        )


@cache
def pattern(locale: str, method: str) -> Pattern:
    """What a method of Faker makes, as a pattern.

    Args:
        locale: The language and country.
        method: The method's name.

    Raises:
        RecipeError: Faker does not have it for this locale.
    """
    known = _Locale(locale)
    if not hasattr(known.generator, method):
        raise RecipeError(f"locale = {locale!r}: Faker has no {method.replace('_', ' ')}s for it; use another locale")
    return known.pattern(method, depth=0)


def listed(locale: str, method: str) -> Listed:
    """What a method makes, as one list; a method that fills formats is sampled."""
    found = pattern(locale, method)
    return found if isinstance(found, Listed) else _Locale(locale).sampled(method)


@cache
def replacements(locale: str) -> Mapping[str, str]:
    """How letters of a language are written in addresses of the Internet, such as ä as ae in German."""
    pairs: list[tuple[str, str]] = []
    for provider in _Locale(locale).generator.get_providers():
        pairs.extend(getattr(provider, "replacements", ()))
    return dict(pairs)


class _Locale:
    """The methods of Faker in one language and country."""

    def __init__(self, locale: str) -> None:
        self.generator: Generator = Faker(locale, use_weighting=True).factories[0]
        self.generator.seed_instance(0)

    def pattern(self, method: str, depth: int) -> Pattern:
        found = _recorded(self.generator, method)
        if found is None or depth > 8:
            return self.sampled(method)
        use, elements = found
        weights = _weighted(elements)
        if use == "list":
            return _fitting(weights)
        options = [self._filled(text, use, depth) for text in weights]
        if any(option is None for option in options):
            return self.sampled(method)
        return alternatives([option for option in options if option is not None], tuple(weights.values()))

    def sampled(self, method: str) -> Listed:
        """A list of texts that a method made, with how often it made them."""
        call = getattr(self.generator, method)
        return _fitting(_weighted(_one_line(str(call())) for _ in range(_SAMPLES)))

    def _filled(self, text: str, use: str, depth: int) -> Pattern | None:
        """The texts of one format; None if it has a part that is not known here."""
        if use in ("numerify", "bothify"):
            places = _DIGITS if use == "numerify" else {**_DIGITS, **_LETTERS}
            return sequence([Listed(places.get(character, (character,))) for character in text])
        parts: list[Pattern] = []
        for place, part in enumerate(_TOKEN.split(_one_line(text))):
            if place % 2 == 0:
                if "{{" in part:
                    return None
                parts.append(Listed((part,)))
            elif hasattr(self.generator, part):
                parts.append(self.pattern(part, depth + 1))
            else:
                return None
        return sequence(parts)


def _recorded(generator: Generator, method: str) -> tuple[str, Iterable[Any]] | None:
    """The list from which a method picks, and what it does with the element; None if it does anything else."""
    call = getattr(generator, method)
    provider = getattr(call, "__self__", None)
    if provider is None:
        return None
    picks: list[Iterable[Any]] = []
    uses: list[str] = []

    def random_element(elements: Iterable[Any] = (), *_: Any) -> str:  # noqa: ANN401 - as Faker's
        picks.append(elements)
        return _MARK

    def used(name: str) -> Any:  # noqa: ANN401 - stands in for several methods
        def use(text: str, *rest: Any) -> str:  # noqa: ANN401
            uses.append(name if text == _MARK and not rest else "other")
            return text

        return use

    doubles = {name: used(name) for name in ("numerify", "bothify", "lexify")} | {"random_element": random_element}
    doubles |= {name: used("other") for name in ("random_elements", "random_digit", "random_int", "random_letter")}
    try:
        for name, double in doubles.items():
            setattr(provider, name, double)
        vars(generator)["parse"] = used("parse")  # only of this generator
        result = call()
    except Exception:
        return None
    finally:
        for name in doubles:
            delattr(provider, name)
        vars(generator).pop("parse", None)
    if result != _MARK or len(picks) != 1 or len(uses) > 1:
        return None
    use = uses[0] if uses else "list"
    return (use, picks[0]) if use in ("list", "parse", "numerify", "bothify") else None


def _weighted(elements: Iterable[Any]) -> dict[str, float]:
    """Texts and how likely each is; a text that is there twice is twice as likely."""
    if isinstance(elements, Mapping):
        return {str(text): float(weight) for text, weight in elements.items() if weight > 0}
    return {text: float(count) for text, count in Counter(map(str, elements)).items()}


def _fitting(weights: Mapping[str, float]) -> Listed:
    """A list of the likeliest texts, in their order, so many as fit."""
    cleaned: Counter[str] = Counter()
    for text, weight in weights.items():
        cleaned[_one_line(text)] += weight  # type: ignore[assignment]  # a weight
    width = max(len(text.encode()) for text in cleaned)
    most = max(1, _MOST_BYTES // max(1, width))
    kept = set(sorted(cleaned, key=lambda text: -cleaned[text])[:most])
    texts = tuple(text for text in cleaned if text in kept)
    shares = tuple(float(cleaned[text]) for text in texts)
    return Listed(texts, None if len(set(shares)) == 1 else shares)


def _one_line(text: str) -> str:
    return ", ".join(part.strip(" ,") for part in text.splitlines()) if "\n" in text else text
