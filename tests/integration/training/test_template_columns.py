"""A column with templates beside another one: the network learns which templates go together with what."""

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from tests.fixtures.token_models import column

from synthserve_core.compute.feeds import feeds
from synthserve_training.models import contract
from synthserve_training.models.autoregressive.network import Widths
from synthserve_training.models.autoregressive.tokens import fitting
from synthserve_training.models.autoregressive.training import Plan, TableTrainer
from synthserve_training.models.contract import output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnOptions, ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedColumn, TypedTable

_ROWS, _DRAWN = 400, 2_000


@pytest.fixture
def uncompiled() -> Iterator[None]:
    """Compiling takes longer than the few steps of a test."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("uncompiled")
def test_templates_follow_the_other_columns() -> None:
    generator = np.random.default_rng(0)
    countries = generator.choice(["DE", "FR"], _ROWS)
    numbers = generator.integers(1000, 10_000, _ROWS)
    plates = [
        f"B-{each}" if country == "DE" else f"{each} XY" for country, each in zip(countries, numbers, strict=True)
    ]
    texts, codes = np.unique(plates, return_inverse=True)
    options = ColumnOptions(name="plate", type=ColumnType.TEXT, templates=True)
    plate = TypedColumn(options, codes.astype(np.int32), np.ones(_ROWS, np.bool_), tuple(texts.tolist()))
    table = TypedTable([column(ColumnType.CATEGORY, countries, name="country"), plate])
    code = fitting.fit(table, min_rows=10)
    rows = code.encode(table)
    plan = Plan(batch_size=100, learning_rate=0.05, average_decay=0.5, epochs=3)
    trainer = TableTrainer(code, Widths(16, 16, 16), rows, rows, plan, seed=0)
    trainer.train()

    model = TableModel([each.options for each in table.columns], code, trainer.trained().exported(), {}).graph()
    drawn = evaluate(model.model, feeds(contract.describe(model, _DRAWN).generate, 1, 0, _DRAWN, {}, {}, 0))
    is_german = drawn[output_name("country")] == list(model.schema.columns[0].categories).index("DE")
    starts = drawn[output_name("plate")][:, 0] == ord("B")
    assert 0.2 < is_german.mean() < 0.8
    assert (is_german == starts).mean() > 0.95
