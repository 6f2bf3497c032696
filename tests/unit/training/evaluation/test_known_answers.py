"""The figures of models whose quality is known: one that releases its training rows, one that is the population."""

import re
from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
import pytest
from tests.fixtures.tables import compared, rows, split

from synthserve.v1.schema_pb2 import COLUMN_TYPE_CATEGORY, COLUMN_TYPE_DOUBLE, COLUMN_TYPE_INT64, Column, TableSchema
from synthserve_training.evaluation.figures import Figure
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.sections import fidelity, privacy
from synthserve_training.evaluation.tables.splits import Source

COLUMNS = Columns(
    TableSchema(
        columns=[
            Column(name="length", type=COLUMN_TYPE_DOUBLE, nullable=True),
            Column(name="width", type=COLUMN_TYPE_DOUBLE, nullable=True),
            Column(name="age", type=COLUMN_TYPE_INT64),
            Column(name="paid", type=COLUMN_TYPE_INT64),
            Column(name="kind", type=COLUMN_TYPE_CATEGORY, categories=["x", "y", "z"]),
        ]
    ),
    target="kind",
)
SIZE = 300


def people(seed: int) -> pd.DataFrame:
    """Rows in which length and width are missing together, and few sums were paid."""
    g = np.random.default_rng(seed)
    found = rows(SIZE, seed)
    found["paid"] = np.where(g.random(SIZE) < 0.6, 0, g.choice([2_174, 7_298, 15_024], SIZE))
    found.loc[g.random(SIZE) < 0.2, ["length", "width"]] = np.nan
    return found


@cache
def report(which: str) -> Mapping[str, Figure]:
    """The figures of a model that draws its training rows, or others of the same population, or worse ones."""
    train, held_out, fresh = (people(seed) for seed in range(3))
    shuffled = pd.DataFrame({name: fresh[name].sample(frac=1, random_state=i).array for i, name in enumerate(fresh)})
    between = shuffled.assign(paid=shuffled.paid + np.random.default_rng(0).integers(1, 99, SIZE))
    drawn = {"training rows": train, "population": fresh, "shuffled": between}[which]
    comparison = compared([split(train, held_out, drawn)], drawn, train, columns=COLUMNS, source=Source.GRAPH)
    sections = [fidelity.evaluate(comparison), privacy.evaluate(comparison)]
    return {figure.metric: figure for section in sections for figure in section.figures}


def value(which: str, metric: str) -> float:
    return report(which)[metric].value


def test_released_training_rows_are_perfect_and_found_out() -> None:
    found = {name: figure.value for name, figure in report("training rows").items()}
    for name in ("shape_error", "trend_error", "missing_pattern_distance"):
        assert found[name] == pytest.approx(0, abs=1e-9)
    for name in ("spike_hit_rate", "exact_copies"):
        assert found[name] == 1
    for name in ("membership_attack_auc", "nearer_to_training_share", "nndr_share"):
        assert found[name] > 0.95
    for name in ("singling_out_risk_univariate", "singling_out_risk_multivariate"):
        assert found[name] > 0.98


def test_population_gets_what_real_rows_get() -> None:
    for name in ("membership_attack_auc", "nearer_to_training_share", "nndr_share"):
        assert value("population", name) == pytest.approx(0.5, abs=0.1)
    for name in ("shape_error", "trend_error", "missing_pattern_distance", "spike_hit_rate"):
        figure = report("population")[name]
        assert figure.value == pytest.approx(figure.reference, abs=0.3 * max(figure.reference or 0, 0.1))
    for name in ("singling_out_risk_univariate", "singling_out_risk_multivariate"):
        assert value("population", name) < 0.3
    assert value("population", "exact_copies") == 0


def test_what_is_wrong_shows() -> None:
    assert value("shuffled", "spike_hit_rate") < 0.1
    # Patterns are none, both, and, in a fifth of a half of the rows, only one of the two.
    assert value("shuffled", "missing_pattern_distance") == pytest.approx(2 * 0.2 * 0.8, abs=0.06)
    assert value("shuffled", "trend_error") > 1.5 * value("population", "trend_error")
    assert value("shuffled", "nearer_to_training_share") == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    "metric",
    [
        "membership_attack_auc",
        "nearer_to_training_share",
        "nndr_share",
        "singling_out_risk_univariate",
        "singling_out_risk_multivariate",
    ],
)
def test_attacks_have_intervals_around_their_values(metric: str) -> None:
    figure = report("population")[metric]
    found = re.search(r"95 % interval: (-?[\d.]+) to (-?[\d.]+)", figure.description)
    assert found
    low, high = map(float, found.groups())
    assert low - 1e-3 <= figure.value <= high + 1e-3
    assert high - low > 0.01
