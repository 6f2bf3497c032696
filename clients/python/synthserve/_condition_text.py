"""The text form of a condition: `COLUMN=TEST` on the command line, and `TEST` in the provenance of samples.

| TEST | what holds for the column |
|---|---|
| `A` | it equals the value |
| `A,B` | it equals one of the values; an empty item (`A,`) means that it can be missing as well |
| `LOW..HIGH`, `LOW..`, `..HIGH` | it lies in the range, both ends included |
| empty | it is missing |
| `..` | it is not missing |

A column or value that holds `,`, `..`, `=` or `"`, or has white space at an end, is written in double quotes, a quote
inside doubled; `""` is the empty text. So is an end of a range that begins or ends with a full stop. White space around
an item is no part of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from synthserve._checks import text as checked_text
from synthserve.v1 import generation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

_Item: TypeAlias = "str | None"
"""A value; None where there is nothing, which `\"\"` is not."""

_QUOTED = r'\s*"(?P<quoted>(?:[^"]|"")*)"\s*'
_COLUMN = re.compile(rf"(?:{_QUOTED}|(?P<plain>[^=]*))=(?P<test>.*)", re.DOTALL)
_TOKEN = re.compile(rf"{_QUOTED}|(?P<mark>,|\.\.)|(?P<plain>(?:(?!\.\.)[^,])+)", re.DOTALL)
_SPECIAL = re.compile(r'[,="]|\.\.')

_OTHERS = "other forms are COLUMN=A,B (any of them), COLUMN=LOW..HIGH, COLUMN= (missing) and COLUMN=.. (not missing)"


def parse(text: str) -> pb.Condition:
    """Reads `COLUMN=TEST`.

    Raises:
        ValueError: It has another form; the message says which part is wrong, and how to write it.
        InvalidRequest: It is not text that can be sent.
    """
    found = _COLUMN.fullmatch(text)
    column = found and _unquoted(found)
    if found is None or not column:
        raise ValueError(f"{text!r} is not COLUMN=VALUE; {_OTHERS}")
    column = checked_text("conditions", column)
    condition = _test(checked_text(f"conditions[{column!r}]", found["test"]))
    condition.column = column
    return condition


def written(condition: pb.Condition) -> str:
    """Writes `COLUMN=TEST`, with quotes only where they are needed."""
    return f"{_quoted(condition.column)}={written_test(condition)}"


def written_test(condition: pb.Condition) -> str:
    """Writes `TEST`, with quotes only where they are needed."""
    match condition.WhichOneof("test"):
        case "equals":
            return _quoted(condition.equals)
        case "any_of":
            values = ",".join(map(_quoted, condition.any_of.values))
            return f"{values}," if values and condition.any_of.missing else values
        case "between":
            ends = condition.between
            low = _quoted_end(ends.low) if ends.HasField("low") else ""
            return f"{low}..{_quoted_end(ends.high) if ends.HasField('high') else ''}"
        case _:
            return "" if condition.missing else ".."


def texts(conditions: Iterable[pb.Condition]) -> dict[str, str]:
    """Writes the test of each column, sorted by column: what says how samples were made."""
    return {condition.column: written_test(condition) for condition in sorted(conditions, key=lambda c: c.column)}


def _test(text: str) -> pb.Condition:
    parts: list[list[_Item]] = [[None]]
    after_value = False
    for token in _TOKEN.finditer(text):
        if token["mark"] == "..":
            parts.append([None])
        elif token["mark"]:
            parts[-1].append(None)
        elif after_value:
            raise ValueError(f"the value {text!r} goes on behind a closing quote: {_advice(text)}")
        else:
            parts[-1][-1] = _unquoted(token)
        after_value = token["mark"] is None
    if len(parts) == 1:
        return _any_of(parts[0])
    listed = any(len(part) > 1 for part in parts)
    if listed or len(parts) > 2:
        what = "a range and a list at once" if listed else "more than one '..'"
        raise ValueError(f"the test {text!r} has {what}: write LOW..HIGH or A,B, and a value that holds '..' in quotes")
    (low,), (high,) = parts
    if low is None and high is None:
        return pb.Condition(missing=False)
    return pb.Condition(between=pb.ValueRange(low=low, high=high))


def _any_of(items: list[_Item]) -> pb.Condition:
    values = [item for item in items if item is not None]
    missing = None in items
    if not values:
        return pb.Condition(missing=True)
    if len(values) == 1 and not missing:
        return pb.Condition(equals=values[0])
    return pb.Condition(any_of=pb.ValueSet(values=values, missing=missing))


def _unquoted(found: re.Match[str]) -> _Item:
    if found["quoted"] is not None:
        return found["quoted"].replace('""', '"')
    plain = found["plain"].strip()
    if '"' in plain:
        what = "has no closing quote" if plain.count('"') == 1 and plain.startswith('"') else "holds a quote"
        raise ValueError(f"{plain!r} {what}: {_advice(plain)}")
    return plain or None


def _advice(text: str) -> str:
    return f"a value that holds a quote is written {_in_quotes(text.strip().strip(chr(34)))}"


def _quoted(value: str) -> str:
    plain = value and value == value.strip() and not _SPECIAL.search(value)
    return value if plain else _in_quotes(value)


def _quoted_end(value: str) -> str:
    # A full stop at the border would be read as one of the two between the ends.
    return _in_quotes(value) if value.startswith(".") or value.endswith(".") else _quoted(value)


def _in_quotes(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
