"""Rules: columns whose values are not learnt but made, each from the noise, the index and other columns of its row.

A rule adds nodes to the graph of the model. Its values are a pure function of the row, as all values of the model are:
the same whatever the batch is.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from synthserve_training import problems
from synthserve_training.errors import RecipeError
from synthserve_training.models.rules.contract import Drawn, Output, Row, Rule
from synthserve_training.models.rules.kinds import checked, columns, keys, patterned, people, plain
from synthserve_training.models.rules.kinds.base import OptionalRule, RuleOptions

__all__ = ["KINDS", "Drawn", "Output", "Row", "Rule", "rule"]

KINDS: Mapping[str, type[RuleOptions]] = MappingProxyType(
    {
        "address": people.Address,
        "card": checked.Card,
        "choice": plain.Choice,
        "city": people.City,
        "color": patterned.Color,
        "company": people.Company,
        "constant": plain.Constant,
        "date": plain.Date,
        "ean": checked.Ean,
        "email": columns.Email,
        "first-name": people.FirstName,
        "iban": checked.Iban,
        "ipv4": patterned.Ipv4,
        "ipv6": patterned.Ipv6,
        "isbn": checked.Isbn,
        "job": people.Job,
        "last-name": people.LastName,
        "luhn": checked.Luhn,
        "mac": patterned.Mac,
        "name": people.Name,
        "number": plain.Number,
        "permutation": keys.Permuted,
        "phone": people.Phone,
        "postcode": people.Postcode,
        "reference": columns.Reference,
        "regex": patterned.Regex,
        "region": people.Region,
        "sequence": keys.Sequence,
        "stdnum": checked.Stdnum,
        "street": people.Street,
        "text": people.Sentences,
        "timestamp": plain.Timestamp,
        "url": columns.Url,
        "user-name": columns.UserName,
        "uuid": patterned.Uuid,
    }
)
"""The options of each kind of rule; the docstring of each says what it makes."""


def rule(options: Mapping[str, Any], column: str) -> Rule:
    """Makes a rule of what a recipe says.

    Args:
        options: `kind`, and the options of that kind.
        column: The column's name.

    Raises:
        RecipeError: There is no such kind, or an option is unknown, has a wrong value or does not fit to the others.
    """
    written = dict(options)
    kind = written.pop("kind", None)
    if not isinstance(kind, str) or kind not in KINDS:
        meant = problems.did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        raise RecipeError(f"column {column!r}: rule: kind = {kind!r}: use one of {', '.join(KINDS)}{meant}")
    place = f"column {column!r}: rule: kind = {kind!r}"
    try:
        valid = KINDS[kind].model_validate(written)
    except ValidationError as error:
        raise RecipeError(f"{place}: {problems.listed(error, KINDS[kind])}") from None
    try:
        return OptionalRule(valid.maker(column), valid.missing)
    except RecipeError as error:
        raise RecipeError(f"{place}: {error}") from None
