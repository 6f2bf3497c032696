"""What the command says that a condition takes."""

from __future__ import annotations

import pytest

from synthserve import Condition
from synthserve._models import model
from synthserve.cli import _listing
from synthserve.cli._values import taken_by
from synthserve.v1 import model_pb2, schema_pb2

MANY = tuple(f"v{number}" for number in range(11))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        (Condition("c", ("a", "b"), category_count=2), "a|b"),
        (Condition("c", MANY[:10], category_count=10), "v0|v1|v2|v3|v4|v5|v6|v7|v8|v9"),
        (Condition("c", MANY, category_count=11), "v0|v1|v2|v3|v4|v5|v6|v7|v8|… (11 values)"),
        (Condition("c", (), category_count=70_000), "… (70,000 values)"),
        (Condition("c", ("a", "b"), kind="set", category_count=2), "any of a|b"),
        (Condition("c", ("a",), kind="set", nullable=True, category_count=1), "any of a, or missing"),
        (Condition("c", (), kind="range", low="17", high="90", unit="years"), "17..90 years"),
        (Condition("c", (), kind="range", nullable=True), "LOW..HIGH, or missing"),
        (Condition("c", (), kind="range", type="date", low="2020-01-01"), "2020-01-01..HIGH"),
        (Condition("c", (), kind="unknown"), "what a newer client knows"),
    ],
)
def test_what_a_condition_takes(condition: Condition, said: str) -> None:
    assert taken_by(condition) == said


def test_a_wide_table_is_listed_by_its_first_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table = schema_pb2.TableSchema(
        columns=[schema_pb2.Column(name=f"c{i}", type=schema_pb2.COLUMN_TYPE_INT64) for i in range(2000)]
    )
    message = model_pb2.Model(
        name="models/wide", version="models/wide/versions/1", state=model_pb2.MODEL_STATE_READY, table=table
    )

    _listing.as_table([model(message)])

    printed = capsys.readouterr().out
    assert "c15, 1984 more" in printed
    assert "c16" not in printed
