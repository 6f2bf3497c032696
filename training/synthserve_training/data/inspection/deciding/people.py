"""Lets e-mail addresses follow from the names of persons, where a table has both."""

from collections.abc import Container, Sequence
from dataclasses import replace

from synthserve_training.data.inspection.deciding.guesses import Guess


def addresses_of_names(guesses: Sequence[Guess], complete: Container[str]) -> list[Guess]:
    """Makes the rule of the only column of e-mail addresses use the only names in the same rows.

    Args:
        guesses: Of all columns.
        complete: The names of the columns without missing values: an address is missing where a name is.
    """
    kinds: dict[str, list[str]] = {}
    for found in guesses:
        if found.options.rule is not None:
            kinds.setdefault(found.options.rule["kind"], []).append(found.options.name)
    first, last, full, addresses = (kinds.get(kind, []) for kind in ("first-name", "last-name", "name", "email"))
    names = [*first, *last] if len(first) == len(last) == 1 else full
    if len(addresses) != 1 or len(names) != (1 if names is full else 2) or any(name not in complete for name in names):
        return list(guesses)
    rule = {"kind": "email", "from": names}
    return [
        replace(found, options=found.options.model_copy(update={"rule": rule}))
        if found.options.name == addresses[0]
        else found
        for found in guesses
    ]
