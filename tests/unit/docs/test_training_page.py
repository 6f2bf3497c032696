"""docs/training.md has every option of a recipe with its default, and every quality figure with its direction."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from synthserve_training import components, evaluation, recipe
from synthserve_training.evaluation.figures import Metric
from synthserve_training.tables import columns
from synthserve_training.tables import recipe as table_recipe

PAGE = (Path(__file__).parents[3] / "docs" / "training.md").read_text()

SECTIONS = {
    "[dataset]": "datasets",
    "[preprocessing]": "preprocessing",
    "[networks]": "networks",
    "[objective]": "objectives",
    "[sampler]": "samplers",
    "[[heads]]": "heads",
}
"""The sections whose options depend on a kind, and the role of each."""

OTHERS: dict[str, type[BaseModel]] = {
    "### `[training]`": recipe.Training,
    "`[training.tracking]` measures": recipe.Tracking,
    "### `[export]`": recipe.Export,
    "### `[card]`": recipe.Card,
}
"""How the text before other tables begins, and what they describe."""

OF_TABLES: dict[str, type[BaseModel]] = {
    "`[source]` of a table": table_recipe.SourceOptions,
    "`[[columns]]` of a table": columns.ColumnOptions,
    "`[network]` of a table": table_recipe.NetworkOptions,
    "`[training]` of a table": table_recipe.TrainingOptions,
    "`[privacy]` of a table": table_recipe.PrivacyOptions,
    "`[export]` of a table": table_recipe.ExportOptions,
}
"""The same for the recipes that `fit` reads."""

COLUMNS = "Each `[[preprocessing.columns]]`"


def table_behind(text: str) -> dict[str, str]:
    """The first two cells of the table that follows, up to the next kind, heading or other table."""
    before, *_ = re.split(r"^(?:#|`kind = |Each |`\[)", text, maxsplit=1, flags=re.MULTILINE)
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in before.splitlines() if line.startswith("|")]
    return {cells[0].strip().strip("`"): cells[1].strip() for cells in rows[2:]}


def table_after(start: str) -> dict[str, str]:
    """The table after the only line that begins with a text."""
    (behind,) = re.findall(rf"^{re.escape(start)}.*?\n(.*)", PAGE, re.MULTILINE | re.DOTALL)
    return table_behind(behind)


def section(heading: str) -> str:
    """The text under a heading, up to the next one."""
    (found,) = re.findall(rf"^{re.escape(heading)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def check(shown: dict[str, str], model: type[BaseModel]) -> None:
    assert list(shown) == list(model.model_fields)
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if field.is_required():
            assert shown[name] == "required"
        elif default is None:
            assert not shown[name].startswith(("required", "`"))  # it says in words what happens then
        else:
            assert shown[name] == f"`{json.dumps(default)}`"


def options(role: str, kind: str) -> type[BaseModel]:
    """The options of a kind; this imports its module, and Keras with most of them."""
    part: components.Part[Any] = components.part(role, {"kind": kind})
    found: type[BaseModel] = part.module.Options
    return found


def test_every_section_and_kind_is_there() -> None:
    headings = re.findall(r"^### `(\[.*\])`$", PAGE, re.MULTILINE)
    assert headings == [*SECTIONS, "[training]", "[export]", "[card]"]
    for heading, role in SECTIONS.items():
        described = re.findall(r'^`kind = "(\w+)"`', section(f"### `{heading}`"), re.MULTILINE)
        assert sorted(described) == components.kinds(role)


@pytest.mark.parametrize(
    ("heading", "kind"), [(heading, kind) for heading, role in SECTIONS.items() for kind in components.kinds(role)]
)
def test_options_of_a_kind(heading: str, kind: str) -> None:
    _, _, behind = section(f"### `{heading}`").partition(f'`kind = "{kind}"`')
    check(table_behind(behind), options(SECTIONS[heading], kind))


@pytest.mark.parametrize(("start", "model"), [*OTHERS.items(), *OF_TABLES.items()])
def test_other_options(start: str, model: type[BaseModel]) -> None:
    check(table_after(start), model)


def test_options_of_a_column() -> None:
    (column,) = get_args(options("preprocessing", "table").model_fields["columns"].annotation)[:1]
    check(table_after(COLUMNS), column)


def test_quality_figures() -> None:
    shown = re.findall(r"^\| (\*\*)?`(\w+)`(?:\*\*)? \| (higher|lower|closer) \|", PAGE, re.MULTILINE)
    assert {name: (better, bool(bold)) for bold, name, better in shown} == {
        metric.name: (metric.better, metric.headline) for metric in metrics()
    }


def metrics() -> Iterator[Metric]:
    """Every metric that a module of the evaluation declares."""
    for info in pkgutil.walk_packages(evaluation.__path__, f"{evaluation.__name__}."):
        for value in vars(importlib.import_module(info.name)).values():
            yield from (one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, Metric))
