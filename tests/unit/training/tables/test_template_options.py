"""The option `templates` of a column: where it is allowed, and what it rules out."""

import pytest

from synthserve_training.errors import RecipeError
from synthserve_training.tables import recipe as recipes
from synthserve_training.tables.toml import to_toml

_CARD = """
[card]
summary = "Rows like those of cars"
training_data = "cars"
training_data_license = "Not stated"
license = "Not stated"
intended_use = "Tests"
"""


def recipe(plate: str, *constraints: str) -> str:
    columns = '[[columns]]\nname = "country"\ntype = "category"\n[[columns]]\nname = "plate"\n' + plate + "\n"
    held = "".join(f"[[constraints]]\n{each}\n" for each in constraints)
    return f'model = "cars"\n{_CARD}\n{columns}\n{held}'


def implication(when: str, then: str) -> str:
    return f'kind = "implication"\nwhen = {when}\nthen = {then}'


LEARNT = 'type = "text"\ntemplates = true'


def test_the_option_is_written_and_read_again() -> None:
    parsed = recipes.parse(recipe(LEARNT))
    assert parsed.columns[1].templates
    assert recipes.parse(to_toml(parsed)) == parsed


@pytest.mark.parametrize(
    "plate",
    [
        'type = "integer"\ntemplates = true',
        'type = "text"\ntemplates = true\nrole = "drop"',
        'type = "text"\ntemplates = true\nrole = "rule"\nrule = { kind = "text" }',
    ],
)
def test_only_learnt_texts_have_templates(plate: str) -> None:
    with pytest.raises(RecipeError, match="templates are those of a learnt column of type category, text or id"):
        recipes.parse(recipe(plate))


@pytest.mark.parametrize(
    "constraint",
    [
        'kind = "dependency"\nkey = "country"\ncolumn = "plate"',
        'kind = "combinations"\ncolumns = ["country", "plate"]',
        implication('{ column = "plate", values = ["x"] }', '{ column = "country", missing = true }'),
    ],
)
def test_no_constraint_is_about_texts_of_templates(constraint: str) -> None:
    with pytest.raises(RecipeError, match="texts of 'plate' are drawn at random from templates"):
        recipes.parse(recipe(LEARNT, constraint))


def test_a_constraint_can_say_when_such_a_text_is_missing() -> None:
    held = implication('{ column = "country", values = ["x"] }', '{ column = "plate", missing = true }')
    assert recipes.parse(recipe(LEARNT, held)).constraints
