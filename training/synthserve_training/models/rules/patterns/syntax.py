"""Reads regular expressions: the subset of Python's syntax that matches finitely many texts."""

import re
import string
from dataclasses import dataclass
from typing import TypeAlias

from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.patterns import building, nodes

_LONGEST = 1024
"""The most characters of a text."""

_PRINTABLE = tuple(chr(code) for code in range(0x20, 0x7F))
_SETS = {
    "d": string.digits,
    "w": string.ascii_letters + string.digits + "_",
    "s": " ",
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_SPECIAL = set(r"\^$.|?*+()[]{}")


@dataclass(frozen=True)
class Characters:
    """One of some characters."""

    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Sequence:
    """Parts, one behind the other."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Alternatives:
    """One of several parts."""

    options: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Repetition:
    """A part, from `low` to `high` times."""

    part: "Expression"
    low: int
    high: int


Expression: TypeAlias = Characters | Sequence | Alternatives | Repetition


def parsed(pattern: str) -> Expression:
    r"""Reads a regular expression.

    Characters, `.`, classes such as `[A-Z_]` and `[^aeiou]`, `\d`, `\w`, `\s` (a space), groups, `|`, and the
    quantifiers `?`, `{n}`, `{m,n}`. `.`, negated classes, `\D`, `\W` and `\S` mean printable ASCII. A `^` at the start
    and a `$` at the end change nothing.

    Raises:
        RecipeError: It is no such expression, or its texts are longer than 1,024 characters.
    """
    reader = _Reader(pattern)
    expression = reader.whole()
    if longest(expression) > _LONGEST:
        raise RecipeError(
            f"pattern {pattern!r} makes texts of up to {longest(expression):,} characters; the most is {_LONGEST:,}"
        )
    return expression


def longest(expression: Expression) -> int:
    """The most characters of a text."""
    match expression:
        case Characters():
            return 1
        case Sequence(parts):
            return sum(map(longest, parts))
        case Alternatives(options):
            return max(map(longest, options))
        case Repetition(part, _, high):
            return longest(part) * high


def compiled(expression: Expression) -> nodes.Pattern:
    """The pattern of an expression. Options of `|` are equally likely, as are numbers of repetitions."""
    match expression:
        case Characters(allowed):
            return nodes.Listed(allowed)
        case Sequence(parts):
            return building.sequence([compiled(part) for part in parts])
        case Alternatives(options):
            return building.alternatives([compiled(option) for option in options])
        case Repetition(part, low, high):
            return building.repetition(compiled(part), low, high)


class _Reader:
    """A position in a pattern that moves on."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def whole(self) -> Expression:
        if self._next("^"):
            pass
        expression = self._alternatives()
        if self._at < len(self._pattern):
            raise self._error("there is no '(' for this ')'")
        return expression

    def _alternatives(self) -> Expression:
        options = [self._sequence()]
        while self._next("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Alternatives(tuple(options))

    def _sequence(self) -> Expression:
        parts = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            if self._pattern[self._at :] == "$":
                self._at += 1
                break
            parts.append(self._quantified(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self) -> Expression:
        start = self._at
        character = self._take()
        if character == "(":
            if self._next("?") and not self._next(":"):
                raise self._error("only (?: … ) and plain groups are known", start)
            inner = self._alternatives()
            if not self._next(")"):
                raise self._error("a ')' is missing", start)
            return inner
        if character == "[":
            return self._class(start)
        if character == ".":
            return Characters(_PRINTABLE)
        if character == "\\":
            return Characters(self._escaped(start))
        if character in "?*+{":
            raise self._error("there is nothing to repeat", start)
        if character in "^$":
            raise self._error(f"{character!r} is only known at the {'start' if character == '^' else 'end'}", start)
        return Characters((self._valid(character, start),))

    def _quantified(self, atom: Expression) -> Expression:
        start = self._at
        if self._next("?"):
            low, high = 0, 1
        elif self._next("*") or self._next("+"):
            sign = self._pattern[start]
            raise self._error(f"{sign!r} has no upper bound: write {{{'0' if sign == '*' else '1'},8}}", start)
        elif self._next("{"):
            found = re.compile(r"(\d*)(,?)(\d*)\}").match(self._pattern, self._at)
            if not found or not (found[1] or found[3]):
                raise self._error("write {n} or {m,n}; a literal '{' is \\{", start)
            if found[2] and not found[3]:
                raise self._error(
                    f"{{{found[1]},}} has no upper bound: write {{{found[1]},{int(found[1]) + 8}}}", start
                )
            self._at = found.end()
            low = int(found[1] or 0)
            high = int(found[3]) if found[2] else low
            if high < low:
                raise self._error(f"{{{low},{high}}} is empty", start)
            if high > _LONGEST:
                raise self._error(f"{high} repetitions are more than {_LONGEST:,}", start)
        else:
            return atom
        if self._at < len(self._pattern) and self._pattern[self._at] in "?*+{":
            raise self._error("a quantifier cannot follow another one: put the first into a group")
        return Repetition(atom, low, high)

    def _class(self, start: int) -> Characters:
        negated = self._next("^")
        found: dict[str, None] = {}
        first = True
        while first or not self._next("]"):
            if self._at >= len(self._pattern):
                raise self._error("a ']' is missing", start)
            place = self._at
            low = self._member()
            first = False
            if (
                len(low) == 1
                and self._pattern[self._at : self._at + 1] == "-"
                and self._pattern[self._at + 1 : self._at + 2] not in ("]", "")
            ):
                self._at += 1
                high = self._member()
                if len(high) != 1 or high[0] < low[0]:
                    raise self._error("this range is empty", place)
                codes = range(ord(low[0]), ord(high[0]) + 1)
                if len(codes) > _LONGEST:
                    raise self._error(f"this range has more than {_LONGEST:,} characters", place)
                low = tuple(self._valid(chr(code), place) for code in codes)
            found.update(dict.fromkeys(low))
        allowed = tuple(each for each in _PRINTABLE if each not in found) if negated else tuple(found)
        if not allowed:
            raise self._error("this class has no characters", start)
        return Characters(allowed)

    def _member(self) -> tuple[str, ...]:
        start = self._at
        character = self._take()
        return self._escaped(start) if character == "\\" else (self._valid(character, start),)

    def _escaped(self, start: int) -> tuple[str, ...]:
        character = self._take()
        if character in _SETS:
            return tuple(_SETS[character])
        if character.lower() in _SETS:
            return tuple(each for each in _PRINTABLE if each not in _SETS[character.lower()])
        if character in _CONTROLS:
            return (_CONTROLS[character],)
        if character in "xu":
            digits = self._pattern[self._at : self._at + (2 if character == "x" else 4)]
            if not re.fullmatch(r"[0-9a-fA-F]{2}|[0-9a-fA-F]{4}", digits):
                raise self._error(f"\\{character} needs {2 if character == 'x' else 4} hexadecimal digits", start)
            self._at += len(digits)
            return (self._valid(chr(int(digits, 16)), start),)
        if character.isascii() and character.isalnum():
            raise self._error(f"\\{character} is not known", start)
        return (self._valid(character, start),)

    def _valid(self, character: str, place: int) -> str:
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise self._error("this character is not possible in a text", place)
        return character

    def _next(self, expected: str) -> bool:
        found = self._pattern.startswith(expected, self._at)
        self._at += len(expected) * found
        return found

    def _take(self) -> str:
        if self._at >= len(self._pattern):
            raise self._error("the pattern ends too early")
        self._at += 1
        return self._pattern[self._at - 1]

    def _error(self, what: str, place: int | None = None) -> RecipeError:
        at = self._at if place is None else place
        return RecipeError(f"pattern {self._pattern!r}, character {at + 1}: {what}")
