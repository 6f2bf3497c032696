"""The rows that the papers hold out. The digests are of lists that were made from their rule independently."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.benchmarks.tables import datasets
from tests.benchmarks.tables.splits import digest, split

HELD_OUT = {
    "default": "64dbcefa87d31cf051df87aa0b3757727ac94cc75e7f694af1819deb3f70817f",
    "shoppers": "b985686d575659733b9f6989d931092ecc8e90478786ddf6803bedc95176e607",
    "magic": "b87f4da0e2d84dbcebc6e55f766b240d477233fe955d68eff337c005270451bd",
    "beijing": "f63045bbd2abf1c405295ff9d364b6316be3e1e27915a9fd7fc293752b10ab1c",
    "news": "9dfc2dc8b9a63b418ded11c8468c9912a59f354dcd97337171d676014496bd27",
}


@pytest.mark.parametrize(
    ("table", "count", "first", "end"),
    [
        ("default", 30_000, 0, 30_000),
        ("shoppers", 12_330, 0, 12_330),
        ("magic", 19_019, 1, 19_020),  # the papers lose the first row of the file
        ("news", datasets.NEWS_ROWS, 0, 39_000),  # the last rows are not in the file
    ],
)
def test_the_papers_hold_these_rows_out(table: str, count: int, first: int, end: int) -> None:
    held_out = split(count)[1] + first
    assert digest(held_out[held_out < end]) == HELD_OUT[table]


def test_rows_of_beijing_are_counted_without_those_that_miss_a_value(data_dir: Path) -> None:
    file = data_dir / "tables/beijing/PRSA_data_2010.1.1-2014.12.31.csv.gz"
    whole = np.flatnonzero(pd.read_csv(file, na_values=["NA"]).notna().all(axis=1))
    assert digest(whole[split(len(whole))[1]]) == HELD_OUT["beijing"]


@pytest.mark.parametrize("count", [1, 2, 10, 1001])
def test_both_parts_are_the_table(count: int) -> None:
    train, held_out = split(count)
    assert len(train) == int(0.9 * count)
    assert sorted([*train, *held_out]) == list(range(count))


def test_the_digest_is_of_lines() -> None:
    assert digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest([1, 2]) != digest([12])


@pytest.mark.parametrize(
    ("table", "train", "held_out", "numbers", "categories"),
    [
        ("adult", 32_561, 16_281, 6, 9),
        ("default", 27_000, 3_000, 14, 10),
        ("shoppers", 11_097, 1_233, 10, 8),
        ("magic", 17_117, 1_902, 10, 1),
        ("beijing", 37_581, 4_176, 7, 5),
    ],
)
def test_tables_are_as_in_the_papers(
    data_dir: Path, table: str, train: int, held_out: int, numbers: int, categories: int
) -> None:
    found = datasets.load(table, data_dir)
    assert (len(found.train), len(found.held_out)) == (train, held_out)
    assert (len(found.roles.numbers), len(found.roles.categories)) == (numbers, categories)
    assert sorted((*found.roles.numbers, *found.roles.categories)) == sorted(found.train.columns)
    assert found.roles.target in found.train.columns
    assert not found.train.isna().any(axis=None)
    for name in found.roles.categories:
        assert set(found.held_out[name]) <= set(found.train[name]) | {"Holand-Netherlands"}


def test_the_held_out_rows_of_a_file_are_those_of_the_list(data_dir: Path) -> None:
    folder = data_dir / "tables/shoppers"
    file = pd.read_csv(folder / "online_shoppers_intention.csv.gz")
    with gzip.open(folder / "test_rows.txt.gz", "rt") as rows:
        listed = file.iloc[[int(row) for row in rows]].reset_index(drop=True)
    held_out = datasets.load("shoppers", data_dir).held_out
    assert held_out["ProductRelated"].equals(listed["ProductRelated"])
    np.testing.assert_allclose(held_out["ExitRates"], listed["ExitRates"], rtol=1e-6)
