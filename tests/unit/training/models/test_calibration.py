import numpy as np
import pandas as pd
import pytest

from synthserve_training.data.preprocessing import Preprocessed, table
from synthserve_training.data.preprocessing.table import ColumnOptions, Options
from synthserve_training.errors import RecipeError
from synthserve_training.models.heads import Unfinished, calibration
from synthserve_training.models.heads.calibration import QUANTILES, Calibration
from synthserve_training.models.networks import Networks

OPTIONS = Options(
    columns=(ColumnOptions(name="score", type="double"), ColumnOptions(name="kind", type="category")), max_abs_z=None
)


@pytest.fixture(scope="module")
def skewed() -> Preprocessed:
    generator = np.random.default_rng(0)
    kinds = np.repeat(["a", "b"], 1000)
    score = np.where(kinds == "a", generator.exponential(1, 2000), 10 - generator.exponential(2, 2000))
    return table.fit(OPTIONS, pd.DataFrame({"score": score, "kind": kinds}))


def symmetric(seed: int) -> np.ndarray:
    """What is drawn: numbers on a bell, of whichever class."""
    drawn = np.zeros((20_000, 3), np.float32)
    drawn[:, 0] = 0.5 + 0.2 * np.random.default_rng(seed).standard_normal(20_000)
    return drawn


def fitted(data: Preprocessed, column: str | None = "kind", drawn: np.ndarray | None = None) -> Calibration:
    samples = symmetric(0) if drawn is None else drawn
    networks = Networks(generator=None)  # numbers are calibrated whatever draws them
    return calibration.fit(calibration.Options(), Unfinished(networks, data, column, lambda _code: samples))


NO_NOISE = np.zeros((0, 0), np.float32)


@pytest.mark.parametrize("code", [0, 1])
def test_draws_get_the_quantiles_of_their_class(skewed: Preprocessed, code: int) -> None:
    samples = symmetric(1)
    bent = np.asarray(fitted(skewed)(samples, NO_NOISE, np.full(len(samples), code)))
    data = skewed.samples[skewed.classes["kind"] == code, 0]
    assert np.quantile(bent[:, 0], QUANTILES) == pytest.approx(np.quantile(data, QUANTILES), abs=0.01)


def test_order_is_kept_and_categories_are_untouched(skewed: Preprocessed) -> None:
    samples = np.random.default_rng(2).random((500, 3), np.float32) * 3 - 1
    samples = samples[np.argsort(samples[:, 0])]
    bent = np.asarray(fitted(skewed)(samples, NO_NOISE, np.zeros(500, np.int64)))
    assert np.isfinite(bent).all()
    assert (np.diff(bent[:, 0]) >= -1e-6).all()
    assert (bent[:, 1:] == samples[:, 1:]).all()


def test_draws_that_are_right_stay_as_they_are(skewed: Preprocessed) -> None:
    calibrated = fitted(skewed, None, skewed.samples[:])
    bent = np.asarray(calibrated(skewed.samples, NO_NOISE, np.zeros(len(skewed.samples), np.int64)))
    assert bent[:, 0] == pytest.approx(skewed.samples[:, 0], abs=2e-3)


def test_column_of_numbers_is_an_error(skewed: Preprocessed) -> None:
    with pytest.raises(RecipeError, match="not a column of categories"):
        fitted(skewed, "score")
