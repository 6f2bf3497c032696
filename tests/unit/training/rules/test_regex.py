"""Texts of regular expressions."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.training.rules.making import distinct, one, table

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules import rule
from synthserve_training.models.rules.patterns import ambiguity, syntax

_ATOMS = st.sampled_from(
    ["a", "é", "日", "-", r"\.", r"\d", "[A-C]", "[^a-y]", "[x_-]", r"\w", ".", r"\x41", "[]]", " "]
)
_QUANTIFIERS = st.sampled_from(["", "", "?", "{2}", "{0,3}", "{1,2}", "{,2}", "{0}"])
_QUANTIFIED = st.builds(lambda atom, times: atom + times, _ATOMS, _QUANTIFIERS)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    options = st.lists(inner, min_size=1, max_size=3).map("|".join)
    groups = st.builds(
        lambda head, option, times: f"{head}{option}){times}", st.sampled_from(["(", "(?:"]), options, _QUANTIFIERS
    )
    return st.lists(st.one_of(_QUANTIFIED, groups), max_size=4).map("".join)


PATTERNS = st.recursive(st.lists(_QUANTIFIED, max_size=4).map("".join), _nested, max_leaves=6).filter(bool)


@given(st.lists(PATTERNS, min_size=8, max_size=8))
@settings(max_examples=5, deadline=None)
def test_python_matches_every_text(patterns: list[str]) -> None:
    made = table({str(place): {"kind": "regex", "pattern": pattern} for place, pattern in enumerate(patterns)})
    for pattern, texts in zip(patterns, made.values(40).values(), strict=True):
        for text in texts:
            assert re.fullmatch(pattern, text), (pattern, text)


@given(st.lists(PATTERNS, min_size=8, max_size=8))
@settings(max_examples=5, deadline=None)
def test_unique_texts_differ_and_match(patterns: list[str]) -> None:
    columns, sizes = {}, {}
    for pattern in patterns:
        expression = syntax.parsed(pattern)
        options = {"kind": "regex", "pattern": pattern, "unique": True, "rows": 1}
        try:
            texts, ways = ambiguity.texts(expression), syntax.compiled(expression).size
        except RecipeError:  # the pattern is too large
            continue
        assert texts <= ways
        if texts < ways:
            with pytest.raises(RecipeError, match="in several ways"):
                rule(options, "c")
        else:
            columns[pattern], sizes[pattern] = options, texts
    for pattern, found in table(columns).values(200).items() if columns else ():
        assert len(set(found)) == min(200, sizes[pattern]), pattern
        assert all(re.fullmatch(pattern, text) for text in found)


def test_many_unique_texts() -> None:
    patterns = ["[A-Z]{2}[0-9]{4}", "[a-z]{4,30}", "(A|BC[0-9]{2})[0-9]{5}x?", "([0-9]{3}-){2,3}(x|yy|[A-Z]{4})"]
    options = {"kind": "regex", "unique": True, "rows": 100_000}
    tensors = table({pattern: {**options, "pattern": pattern} for pattern in patterns}).tensors(50_000)

    assert {pattern: distinct(tensors[pattern]) for pattern in patterns} == dict.fromkeys(patterns, 50_000)


def test_unique_texts_of_a_whole_domain_are_all_texts() -> None:
    found = one({"kind": "regex", "pattern": "[ab]{1,3}(x|yz?)", "unique": True, "rows": 42}, 42)

    letters = ["a", "b", *(a + b for a in "ab" for b in "ab"), *(a + b + c for a in "ab" for b in "ab" for c in "ab")]
    assert sorted(found) == sorted(a + b for a in letters for b in ("x", "y", "yz"))


def test_every_choice_is_equally_likely() -> None:
    found = one({"kind": "regex", "pattern": "(a|[b-d]|e{1,4})"}, 12_000)

    counts = Counter(found)
    shares = {"a": 1 / 3, "b": 1 / 9, "c": 1 / 9, "d": 1 / 9, "e": 1 / 12, "ee": 1 / 12, "eee": 1 / 12, "eeee": 1 / 12}
    assert counts.keys() == shares.keys()
    for text, share in shares.items():
        assert abs(counts[text] / len(found) - share) < 4 * np.sqrt(share / len(found))


def test_lengths_are_equally_likely() -> None:
    counts = Counter(map(len, one({"kind": "regex", "pattern": "[a-z]{3,12}"}, 10_000)))

    assert sorted(counts) == list(range(3, 13))
    assert all(850 < count < 1150 for count in counts.values())


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("a*", "character 2: '*' has no upper bound: write {0,8}"),
        ("a+", "write {1,8}"),
        ("a{2,}", "has no upper bound: write {2,10}"),
        ("a{3,2}", "is empty"),
        ("a{x}", "a literal '{' is"),
        ("(a", "a ')' is missing"),
        ("a)", "there is no '('"),
        ("[a", "a ']' is missing"),
        ("[z-a]", "range is empty"),
        ("*a", "nothing to repeat"),
        ("a{2}{3}", "cannot follow"),
        ("(?=a)", "only (?: … )"),
        (r"\b", "is not known"),
        ("a\\", "ends too early"),
        (r"\x0", "hexadecimal"),
        (r"\x00", "not possible"),
        ("a^", "only known at the start"),
        ("[^ -~]", "no characters"),
        ("a{1025}", "more than 1,024"),
        ("(a{1000}){2}", "up to 2,000 characters"),
    ],
)
def test_what_is_not_understood_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        rule({"kind": "regex", "pattern": pattern}, "c")
    assert message in str(error.value)


def test_anchors_change_nothing() -> None:
    assert one({"kind": "regex", "pattern": "^ab$"}, 3) == ["ab"] * 3


def test_too_few_texts_are_refused() -> None:
    with pytest.raises(RecipeError, match="column 'c': rule: kind = 'regex': there are only 676 values"):
        rule({"kind": "regex", "pattern": "[A-Z]{2}", "unique": True}, "c")


def test_a_text_that_is_made_in_two_ways_cannot_be_unique() -> None:
    with pytest.raises(RecipeError, match="makes the same text in several ways"):
        rule({"kind": "regex", "pattern": "a?a?[0-9]{7}", "unique": True}, "c")
