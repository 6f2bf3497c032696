"""Check digits as finite automata, which read the characters of a number one after the other.

Weighted sums, ISO 7064, Luhn, Verhoeff and Damm all are: a state, the next state by character and place, and the check
characters by the last state. A graph runs such an automaton over whole chunks of characters, with one look-up for each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

States: TypeAlias = NDArray[np.int64]

DIGITS = "0123456789"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Finish: TypeAlias = Callable[[int], str | None]
"""The check characters of a state; None if no number has this state."""


@dataclass(frozen=True)
class Machine:
    """Computes check characters.

    Attributes:
        states: How many states there are.
        step: The next states, int64 [n], by states, character and place; the first character read is at place 0.
        finish: The check characters of the last state.
        start: The first state.
    """

    states: int
    step: Callable[[States, str, int], States]
    finish: Finish
    start: int = 0


def weighted(value: Callable[[str, int], int], modulus: int, finish: Finish, start: int = 0) -> Machine:
    """The sum of values of characters by place, modulo m."""
    return Machine(modulus, lambda state, one, place: (state + value(one, place)) % modulus, finish, start)


def weights(factors: Sequence[int], modulus: int, finish: Finish, *, alphabet: str = DIGITS, start: int = 0) -> Machine:
    """A weighted sum: the places of characters in an alphabet, times a factor by place in the number."""
    return weighted(lambda one, place: factors[place] * alphabet.index(one), modulus, finish, start)


def digit(function: Callable[[int], int], *, ten: str | None = None) -> Finish:
    """Check digits by a function of the state; 10 is written as `ten`, or is no number."""

    def finish(state: int) -> str | None:
        number = function(state)
        return str(number) if number < 10 else ten

    return finish


def complement(modulus: int, *, ten: str | None = None) -> Finish:
    """The digit that makes the sum divisible by the modulus."""
    return digit(lambda state: -state % modulus, ten=ten)


def remainder(*, ten: str | None = None) -> Finish:
    """The sum itself."""
    return digit(lambda state: state, ten=ten)


def number(text: str, modulus: int, finish: Finish) -> Machine:
    """The number of the characters read, modulo m; letters count as two digits, 10 to 35.

    Args:
        text: Digits that are read behind the others.
        modulus: m.
        finish: The check characters of the remainder.
    """

    def step(state: States, one: str, _place: int) -> States:
        value = ALPHABET.index(one)
        return (state * (10 if value < 10 else 100) + value) % modulus

    def last(state: int) -> str | None:
        read = np.array([state])
        for one in text:
            read = step(read, one, 0)
        return finish(int(read[0]))

    return Machine(modulus, step, last)


def modulo_97(behind: str = "") -> Machine:
    """ISO 7064 MOD 97-10: two check digits, which are read behind the others and behind some letters of a country."""
    return number(f"{behind}00", 97, lambda state: f"{98 - state:02}")


def luhn() -> Machine:
    """Luhn's check digit (ISO/IEC 7812): every second digit from the right is doubled; letters count as two digits.

    The state has two sums: with the last digit doubled, and not. So the length need not be known.
    """

    def step(state: States, one: str, _place: int) -> States:
        doubled, plain = divmod(state, 10)
        for each in str(ALPHABET.index(one)):
            number = int(each)
            twice = number * 2 - 9 * (number > 4)
            doubled, plain = (plain + twice) % 10, (doubled + number) % 10
        return doubled * 10 + plain

    return Machine(100, step, digit(lambda state: -(state // 10) % 10))


def modulo_11_10() -> Machine:
    """ISO 7064 MOD 11,10."""
    return Machine(
        11,
        lambda state, one, _: ((state + int(one) - 1) % 10 + 1) * 2 % 11,  # 10 in place of 0
        digit(lambda state: (11 - state) % 10),
        start=10,
    )


def modulo_11_2() -> Machine:
    """ISO 7064 MOD 11-2, whose check character can be X."""
    return Machine(
        11, lambda state, one, _: (state + int(one)) * 2 % 11, digit(lambda state: (12 - state) % 11, ten="X")
    )


def _turned(a: int, b: int) -> int:
    """The product in the dihedral group of the pentagon: 0 to 4 are rotations, 5 to 9 are reflections."""
    flipped = (a >= 5) != (b >= 5)
    return (a + b if a < 5 else a - b) % 5 + 5 * flipped


_PENTAGON = np.array([[_turned(a, b) for b in range(10)] for a in range(10)])

_VERHOEFF = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
"""The permutation that Verhoeff applies to digits once more with each place from the right."""


def verhoeff(length: int) -> Machine:
    """Verhoeff's check digit behind so many digits (1969)."""

    def step(state: States, one: str, place: int) -> States:
        value = int(one)
        for _ in range((length - place) % 8):
            value = _VERHOEFF[value]
        following: States = _PENTAGON[value, state]
        return following

    # The scheme multiplies from the right, and the check digit comes first: its product with the others is 0.
    return Machine(10, step, lambda state: next(str(check) for check in range(10) if _PENTAGON[check, state] == 0))


_DAMM_ROWS = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
_DAMM = np.array([[int(one) for one in row] for row in _DAMM_ROWS])
"""The quasigroup of order 10 of Damm's thesis (2004)."""


def damm() -> Machine:
    """Damm's check digit."""
    return Machine(10, lambda state, one, _: _DAMM[state, int(one)], remainder())
