"""The text form of conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve import InvalidRequest
from synthserve._condition_text import parse, texts, written, written_test
from synthserve._conditions import as_where, messages
from synthserve.v1 import generation_pb2 as pb


def equals(value: str) -> pb.Condition:
    return pb.Condition(column="c", equals=value)


def any_of(*values: str, missing: bool = False) -> pb.Condition:
    return pb.Condition(column="c", any_of=pb.ValueSet(values=values, missing=missing))


def between(low: str | None, high: str | None) -> pb.Condition:
    return pb.Condition(column="c", between=pb.ValueRange(low=low, high=high))


CANONICAL = [
    ("c=setosa", equals("setosa")),
    ("c=two words", equals("two words")),
    ('c=""', equals("")),
    ('c="a,b"', equals("a,b")),
    ('c="a..b"', equals("a..b")),
    ('c="a=b"', equals("a=b")),
    ('c="say ""hi"""', equals('say "hi"')),
    ('c=" a"', equals(" a")),
    ('c="a\n"', equals("a\n")),
    ("c=a\nb", equals("a\nb")),
    ("c=.5", equals(".5")),
    ("c=etc.", equals("etc.")),
    ("c=AT,DE", any_of("AT", "DE")),
    ("c=AT,DE,", any_of("AT", "DE", missing=True)),
    ("c=AT,", any_of("AT", missing=True)),
    ('c="",', any_of("", missing=True)),
    ('c="","a,b",c', any_of("", "a,b", "c")),
    ("c=30..40", between("30", "40")),
    ("c=30..", between("30", None)),
    ("c=..40", between(None, "40")),
    ("c=-1.5..1e+300", between("-1.5", "1e+300")),
    ('c="1."..".5"', between("1.", ".5")),
    ('c="a..b"..""', between("a..b", "")),
    ("c=2024-02-29T12:30:00Z..", between("2024-02-29T12:30:00Z", None)),
    ("c=", pb.Condition(column="c", missing=True)),
    ("c=..", pb.Condition(column="c", missing=False)),
    ('"a=b"=x', pb.Condition(column="a=b", equals="x")),
    ('"say ""hi"""=x', pb.Condition(column='say "hi"', equals="x")),
    ('" c"=x', pb.Condition(column=" c", equals="x")),
    ('"a,b"=', pb.Condition(column="a,b", missing=True)),
]


@pytest.mark.parametrize(("text", "condition"), CANONICAL)
def test_canonical_forms(text: str, condition: pb.Condition) -> None:
    assert parse(text) == condition
    assert written(condition) == text


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('c="setosa"', equals("setosa")),
        ("c=a=b", equals("a=b")),
        (" c = a ", equals("a")),
        ('"c" = "a"', equals("a")),
        ("c=,AT", any_of("AT", missing=True)),
        ("c=AT,,DE", any_of("AT", "DE", missing=True)),
        ("c= AT, DE ", any_of("AT", "DE")),
        ("c=,", pb.Condition(column="c", missing=True)),
        ("c=  ", pb.Condition(column="c", missing=True)),
        ("c= 30 .. 40 ", between("30", "40")),
        ("c= .. ", pb.Condition(column="c", missing=False)),
        ("a,b=x", pb.Condition(column="a,b", equals="x")),
    ],
)
def test_other_spellings(text: str, condition: pb.Condition) -> None:
    assert parse(text) == condition


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("species", "'species' is not COLUMN=VALUE; other forms are COLUMN=A,B"),
        ("", "'' is not COLUMN=VALUE"),
        ("=setosa", "'=setosa' is not COLUMN=VALUE"),
        ('""=setosa', "is not COLUMN=VALUE"),
        ('c="a', '\'"a\' has no closing quote: a value that holds a quote is written "a"'),
        ('c=5"x', '\'5"x\' holds a quote: a value that holds a quote is written "5""x"'),
        ('c="a"b', 'goes on behind a closing quote: a value that holds a quote is written "a""b"'),
        ('c="a" "b"', "goes on behind a closing quote"),
        ('"c=a', "'\"c' has no closing quote"),
        (
            "c=1..2..3",
            "'1..2..3' has more than one '..': write LOW..HIGH or A,B, and a value that holds '..' in quotes",
        ),
        ("c=....", "has more than one '..'"),
        ("c=a,1..2", "'a,1..2' has a range and a list at once: write LOW..HIGH or A,B"),
        ("c=..,a", "has a range and a list at once"),
    ],
)
def test_what_is_wrong_is_said_with_the_right_form(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        parse(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(("text", "field"), [("\udcff=a", "conditions"), ("c=\udcff", "conditions['c']")])
def test_what_cannot_be_sent_is_refused_by_name(text: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(text)
    assert [violation.field for violation in caught.value.violations] == [field]


# Texts in which the signs of the form are frequent, and which UTF-8 can hold.
signs = st.sampled_from([",", ".", "..", "=", '"', '""', " ", "\n", "\u00a0", "a", "5", "é"])
some_text = st.lists(signs, max_size=6).map("".join) | st.text(st.characters(codec="utf-8"), max_size=6)
conditions = st.one_of(
    st.builds(equals, some_text),
    st.builds(
        lambda values, missing: any_of(*values, missing=missing),
        st.lists(some_text, min_size=2, max_size=4),
        st.booleans(),
    ),
    st.builds(lambda value: any_of(value, missing=True), some_text),
    st.builds(between, some_text, some_text | st.none()),
    st.builds(lambda high: between(None, high), some_text),
    st.builds(lambda missing: pb.Condition(column="c", missing=missing), st.booleans()),
)


@given(condition=conditions, column=some_text.filter(bool))
def test_what_is_written_is_read_as_it_was(condition: pb.Condition, column: str) -> None:
    condition = pb.Condition.FromString(condition.SerializeToString())
    condition.column = column
    assert parse(written(condition)) == condition
    assert parse(written(parse(written(condition)))) == condition
    # And as `where`.
    assert messages(as_where([condition])) == [condition]


@given(text=some_text)
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        found = parse(f"c={text}")
    except ValueError:
        return
    assert parse(written(found)) == found


def test_provenance_is_in_the_order_of_columns() -> None:
    found = texts(messages({"b": ["x", None], "a": "with, comma"}))
    assert list(found.items()) == [("a", '"with, comma"'), ("b", "x,")]
    assert written_test(any_of("x", missing=True)) == "x,"
