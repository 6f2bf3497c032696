import tomllib

import pytest

from synthserve_training import recipe as recipes
from synthserve_training.tables import toml


@pytest.mark.parametrize("name", recipes.names())
def test_document_is_read_as_it_was(name: str) -> None:
    content = tomllib.loads(recipes.read(name))
    assert tomllib.loads(toml.document(content)) == content


def test_document_of_odd_keys_and_values() -> None:
    content = {
        "text": 'a "quoted"\n\\ line',
        "list": [1, 2.5, True, ["x"]],
        "empty": [],
        "section": {"a key": "é", "inner": {"deep": [{"x": 1}]}},
        "array": [{"one": 1}, {"two": "2"}],
    }
    assert tomllib.loads(toml.document(content)) == content
