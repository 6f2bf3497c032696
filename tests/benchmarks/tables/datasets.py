"""The tables of the papers, with their columns and splits, from the folder of real datasets (SYNTHSERVE_DATA).

Numbers are float32 in the papers: those that are no whole numbers are rounded to it, and read back from text as the
papers' code does. A category that looks like a number stays one, as it does there.
"""

import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tests.benchmarks.tables.roles import Roles
from tests.benchmarks.tables.splits import split


@dataclass(frozen=True)
class Dataset:
    """A table, split.

    Attributes:
        name: As in the papers.
        train: What models are trained on, and what "real" means in Shape, Trend and C2ST.
        held_out: Rows that no model sees.
        roles: Of the columns.
    """

    name: str
    train: pd.DataFrame
    held_out: pd.DataFrame
    roles: Roles


def load(name: str, folder: Path) -> Dataset:
    """Reads a table.

    Args:
        name: One of `NAMES`.
        folder: Of the real datasets.

    Raises:
        OSError: The file is not there.
    """
    return _READERS[name](folder)


def _adult(folder: Path) -> Dataset:
    names = _words(
        "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
        "capital-gain capital-loss hours-per-week native-country income"
    )
    parts = []
    for file, skipped in (("adult.data", 0), ("adult.test", 1)):
        part = pd.read_csv(
            folder / "adult" / file,
            names=names,
            skipinitialspace=True,
            skiprows=skipped,
            keep_default_na=False,
            na_values=[],
        )
        parts.append(part.assign(income=part["income"].str.rstrip(".")))
    numbers = ("age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
    return Dataset("adult", parts[0], parts[1], _roles(names, numbers, "income"))


def _default(folder: Path) -> Dataset:
    table = pd.read_csv(folder / "tables/default/default.csv.gz").drop(columns="ID")
    target = "default.payment.next.month"
    categories = {"SEX", "EDUCATION", "MARRIAGE", "PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6", target}
    numbers = tuple(name for name in table.columns if name not in categories)
    return _split("default", table, _roles(table.columns, numbers, target))


def _shoppers(folder: Path) -> Dataset:
    table = pd.read_csv(folder / "tables/shoppers/online_shoppers_intention.csv.gz")
    numbers = tuple(table.columns[: table.columns.get_loc("Month")])
    return _split("shoppers", table, _roles(table.columns, numbers, "Revenue"))


def _magic(folder: Path) -> Dataset:
    names = _words("fLength fWidth fSize fConc fConc1 fAsym fM3Long fM3Trans fAlpha fDist class")
    table = pd.read_csv(folder / "tables/magic/magic04.data.gz", names=names)
    # The papers' code takes the first row for a header.
    table = table.iloc[1:].reset_index(drop=True)
    return _split("magic", table, _roles(names, names[:-1], "class"))


def _beijing(folder: Path) -> Dataset:
    table = pd.read_csv(folder / "tables/beijing/PRSA_data_2010.1.1-2014.12.31.csv.gz", na_values=["NA"])
    table = table.drop(columns="No").dropna().reset_index(drop=True)
    categories = {"year", "month", "day", "hour", "cbwd"}
    numbers = tuple(name for name in table.columns if name not in categories)
    return _split("beijing", table, _roles(table.columns, numbers, "pm2.5"))


NEWS_ROWS = 39_644
"""Rows of the papers' file. The last ones are missing in the one that is at hand, so they are missing in both parts."""


def _news(folder: Path) -> Dataset:
    table = pd.read_csv(folder / "tables/news/OnlineNewsPopularity_first39000_nourl.csv.xz")
    channels = [name for name in table.columns if name.startswith("data_channel_is_")]
    days = [name for name in table.columns if name.startswith("weekday_is_")] + ["is_weekend"]
    merged = table.drop(columns=channels + days)
    merged["data_channel"] = table[channels].to_numpy().argmax(axis=1)
    merged["weekday"] = table[days].to_numpy().argmax(axis=1)
    numbers = tuple(merged.columns[:-2])
    roles = _roles(merged.columns, numbers, "shares")
    train, held_out = (part[part < len(merged)] for part in split(NEWS_ROWS))
    merged = _typed(merged, roles)
    return Dataset("news", _rows(merged, train), _rows(merged, held_out), roles)


def _diabetes(folder: Path) -> Dataset:
    numbers = _words(
        "num_lab_procedures num_medications number_outpatient number_emergency number_inpatient age "
        "time_in_hospital num_procedures number_diagnoses"
    )
    categories = _words(
        "race gender admission_type_id discharge_disposition_id admission_source_id diag_1 diag_2 diag_3 "
        "max_glu_serum A1Cresult metformin repaglinide nateglinide chlorpropamide glimepiride glipizide "
        "glyburide tolbutamide pioglitazone rosiglitazone acarbose miglitol tolazamide insulin "
        "glyburide-metformin change diabetesMed"
    )
    table = pd.read_csv(
        folder / "tables/diabetes/diabetic_data.csv.xz", keep_default_na=False, low_memory=False, dtype={"age": str}
    )[[*numbers, *categories, "readmitted"]]
    table = table.replace("?", "empty")
    # The decades in their order are also in the order of the alphabet.
    table["age"] = table["age"].astype("category").cat.codes.astype(np.int64)
    table["readmitted"] = (table["readmitted"] != "NO").astype(np.int64)
    with gzip.open(folder / "tables/diabetes/split.txt.gz", "rt") as file:
        part = np.array(file.read().split())
    roles = _roles(table.columns, numbers, "readmitted")
    table = _typed(table, roles)
    train, held_out = (_rows(table, np.flatnonzero(part == which)) for which in ("train", "test"))
    return Dataset("diabetes", train, held_out, roles)


def _flights(folder: Path) -> Dataset:
    # The year is the same in all rows. The split is the papers' rule; no paper has this table.
    table = pd.read_csv(folder / "tables/flights/flights.csv.xz", na_values=["NA"]).drop(columns="year")
    table["time_hour"] = pd.to_datetime(table["time_hour"], utc=True).dt.tz_localize(None)
    numbers = _words(
        "dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay air_time distance hour minute"
    )
    return _split("flights", table, _roles(table.columns, numbers, None, dates=("time_hour",)))


_READERS: dict[str, Callable[[Path], Dataset]] = {
    "adult": _adult,
    "default": _default,
    "shoppers": _shoppers,
    "magic": _magic,
    "beijing": _beijing,
    "news": _news,
    "diabetes": _diabetes,
    "flights": _flights,
}

NAMES = tuple(_READERS)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _roles(columns: Iterable[str], numbers: tuple[str, ...], target: str | None, dates: tuple[str, ...] = ()) -> Roles:
    others = tuple(name for name in columns if name not in numbers and name not in dates)
    return Roles(numbers, others, dates, target)


def _split(name: str, table: pd.DataFrame, roles: Roles) -> Dataset:
    train, held_out = split(len(table))
    typed = _typed(table, roles)
    return Dataset(name, _rows(typed, train), _rows(typed, held_out), roles)


def _rows(table: pd.DataFrame, rows: NDArray[np.int64]) -> pd.DataFrame:
    return table.iloc[rows].reset_index(drop=True)


def _typed(table: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Whole numbers as int64 where none is missing, others as a CSV file of float32 gives them."""
    typed = table.copy()
    for name in roles.numbers:
        values = typed[name].astype(np.float64)
        if (values.dropna() % 1 == 0).all():
            typed[name] = values.astype(np.int64) if values.notna().all() else values
        else:
            typed[name] = values.astype(np.float32).astype(str).astype(np.float64)
    return typed
