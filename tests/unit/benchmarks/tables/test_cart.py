"""The chain of trees draws values of the table, with its relations."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.benchmarks.tables.peers.cart import Cart
from tests.benchmarks.tables.peers.process import Job, write_rows
from tests.benchmarks.tables.roles import Roles


@pytest.fixture
def drawn(tmp_path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(0)
    kind = random.choice(["a", "b", "c"], 3000, p=[0.6, 0.3, 0.1])
    size = np.where(kind == "a", 10.0, 20.0) + random.normal(size=3000)
    train = pd.DataFrame(
        {
            "kind": kind,
            "size": np.where(random.random(3000) < 0.1, np.nan, size),
            "day": pd.Timestamp("2013-01-01") + pd.to_timedelta(random.integers(0, 300, 3000), "D"),
            "copy": np.char.add("is ", kind),
        }
    )
    write_rows(train, tmp_path / "train.parquet")
    Roles(("size",), ("kind", "copy"), ("day",)).write(tmp_path / "roles.json")
    job = Job(
        parquet=str(tmp_path / "train.parquet"),
        csv="",
        roles_file=str(tmp_path / "roles.json"),
        seed=3,
        rows=2000,
        speed_rows=1,
        output="",
        timings="",
        folder=str(tmp_path),
    )
    model = Cart()
    model.fit(job)
    return train, model.rows(job.rows)


def test_values_are_those_of_the_table(drawn: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    train, found = drawn
    assert list(found.columns) == list(train.columns)
    assert len(found) == 2000
    for name in train.columns:
        assert found[name].dropna().isin(train[name]).all()


def test_relations_and_shares_are_kept(drawn: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    train, found = drawn
    assert (found["copy"] == "is " + found["kind"].astype(str)).all()
    assert found["size"].isna().mean() == pytest.approx(0.1, abs=0.03)
    assert found.groupby("kind")["size"].mean()["a"] == pytest.approx(10, abs=0.3)
    assert found.groupby("kind")["size"].mean()["b"] == pytest.approx(20, abs=0.3)
    assert (found["kind"] == "a").mean() == pytest.approx((train["kind"] == "a").mean(), abs=0.05)
