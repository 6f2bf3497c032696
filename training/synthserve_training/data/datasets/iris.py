"""Fisher's Iris (1936): 150 flowers of three species with four measurements in cm. scikit-learn carries it."""

import hashlib

import pandas as pd
from sklearn.datasets import load_iris

from synthserve_training.components import OptionsBase
from synthserve_training.data.files import Files
from synthserve_training.errors import DatasetError

# Of the measurements and the labels as scikit-learn gives them (its copy corrects two rows of the UCI file).
_SHA256 = "aa06b8008ceba42efc654be0f83fdafc786239c9e8f13146044d078f5aab8f23"

_COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


class Options(OptionsBase):
    """Iris has no options."""


def load(_options: Options, _files: Files) -> pd.DataFrame:
    """Loads the 150 rows: four measurements (float, cm) and `species` (string).

    Raises:
        DatasetError: scikit-learn's copy is not the one expected.
    """
    bunch = load_iris()
    digest = hashlib.sha256(bunch.data.astype("<f8").tobytes() + bunch.target.astype("<i8").tobytes()).hexdigest()
    if digest != _SHA256:
        raise DatasetError(f"scikit-learn's copy of Iris has SHA-256 {digest[:12]}…, expected {_SHA256[:12]}…")
    frame = pd.DataFrame(bunch.data, columns=_COLUMNS)
    frame["species"] = bunch.target_names[bunch.target]
    return frame


def held_out(_options: Options) -> Options | None:
    """None: all data are loaded."""
    return None
