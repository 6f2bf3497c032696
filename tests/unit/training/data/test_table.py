import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthserve.v1.schema_pb2 import TableSchema
from synthserve_training.data.preprocessing import table
from synthserve_training.data.preprocessing.table import ColumnOptions, Options
from synthserve_training.errors import DatasetError

COLUMNS = (
    ColumnOptions(name="length", type="double", decimals=1),
    ColumnOptions(name="age", type="int64"),
    ColumnOptions(name="kind", type="category"),
)


def rows(count: int = 20) -> pd.DataFrame:
    kinds = ["a", "b"] * (count // 2)
    return pd.DataFrame({"length": [i / 10 for i in range(count)], "age": range(count), "kind": kinds})


@pytest.mark.parametrize("marker", ["-999", "-999.0", " N/A ", "pending", "", "x7", "inf", None])
@pytest.mark.parametrize("column", ["length", "age"])
def test_invalid_number_drops_its_row_and_no_other(column: str, marker: str | None) -> None:
    data = rows().astype(object)
    data.loc[3, column] = marker
    assert table.clean(Options(columns=COLUMNS), data).age.tolist() == [i for i in range(20) if i != 3]


@pytest.mark.parametrize("marker", ["-999", "N/A", "pending", "", None])
def test_invalid_category_drops_its_row_and_never_becomes_a_category(marker: str | None) -> None:
    data = rows().astype(object)
    data.loc[3, "kind"] = marker
    fitted = table.fit(Options(columns=COLUMNS), data)
    assert len(fitted.samples) == 19
    assert isinstance(fitted.decoder.schema, TableSchema)
    assert list(fitted.decoder.schema.columns[2].categories) == ["a", "b"]


def test_number_further_than_three_deviations_from_the_mean_is_dropped() -> None:
    data = rows()
    data.loc[5, "length"] = 50.0
    assert 50.0 not in table.clean(Options(columns=COLUMNS), data).length.tolist()
    assert 50.0 in table.clean(Options(columns=COLUMNS, max_abs_z=None), data).length.tolist()


def test_constant_column_survives() -> None:
    fitted = table.fit(Options(columns=COLUMNS), rows().assign(age=7))
    assert np.asarray(fitted.decoder.decode(fitted.samples)["age"]).tolist() == [7] * 20


def test_missing_column_and_too_few_rows_are_errors() -> None:
    with pytest.raises(DatasetError, match="no column kind; it has length, age"):
        table.fit(Options(columns=COLUMNS), rows().drop(columns="kind"))
    with pytest.raises(DatasetError, match="only 8 of 8 rows"):
        table.fit(Options(columns=COLUMNS), rows(8))


def test_recipe_names_columns_and_categories_and_orders_them() -> None:
    data = rows().rename(columns={"age": "Age (y)"}).assign(kind=["0", "1", "2", "pending"] * 5)
    columns = (
        ColumnOptions(name="age", source="Age (y)", type="int64"),
        ColumnOptions(name="state", source="kind", type="category", labels={"1": "well", "0": "ill", "7": "never"}),
    )
    options = Options(columns=columns)
    fitted = table.fit(options, data)
    assert list(fitted.data.columns) == ["age", "state"]
    assert fitted.data.state.tolist() == ["ill", "well"] * 5  # 2 is not in the recipe, pending is a marker
    assert isinstance(fitted.decoder.schema, TableSchema)
    assert list(fitted.decoder.schema.columns[1].categories) == ["well", "ill"]
    again = table.fit(table.of_cleaned(options), fitted.data)
    assert again.data.equals(fitted.data)
    assert again.decoder.schema == fitted.decoder.schema


def test_codes_of_one_label_are_one_category() -> None:
    data = rows().assign(kind=["0", "1", "2", "3"] * 5)
    labels = {"3": "ill", "0": "well", "1": "ill"}
    options = Options(columns=(ColumnOptions(name="kind", type="category", labels=labels),))
    fitted = table.fit(options, data)
    assert isinstance(fitted.decoder.schema, TableSchema)
    assert list(fitted.decoder.schema.columns[0].categories) == ["ill", "well"]
    assert fitted.classes["kind"].tolist() == [1, 0, 0] * 5  # 2 is not in the recipe
    assert table.fit(table.of_cleaned(options), fitted.data).samples[:].tolist() == fitted.samples[:].tolist()


def test_rows_of_rare_categories_are_dropped() -> None:
    data = rows().assign(kind=["a"] * 12 + ["b"] * 6 + ["c"] * 2)
    kept = table.clean(Options(columns=COLUMNS, min_category_rows=3), data)
    assert kept.kind.value_counts().to_dict() == {"a": 12, "b": 6}
    assert set(table.clean(Options(columns=COLUMNS), data).kind) == {"a", "b", "c"}


def test_part_of_a_cleaned_table_is_learnt_whole() -> None:
    options = Options(columns=COLUMNS, min_category_rows=4)
    data = rows().assign(kind=["a"] * 16 + ["b"] * 4)
    cleaned = table.clean(options, data)
    part = pd.concat([cleaned[:9], cleaned[-1:]]).assign(length=[1.0] * 9 + [500.0])
    assert table.fit(table.of_cleaned(options), part).data.kind.tolist() == ["a"] * 9 + ["b"]


@given(
    lengths=st.lists(st.integers(-10_000, 10_000), min_size=10, max_size=30),
    ages=st.lists(st.integers(-100_000, 100_000), min_size=10, max_size=30),
)
def test_decoding_gives_back_what_was_encoded(lengths: list[int], ages: list[int]) -> None:
    count = min(len(lengths), len(ages))
    data = pd.DataFrame(
        {
            "length": [value / 10 for value in lengths[:count]],
            "age": ages[:count],
            "kind": [f"k{i % 3}" for i in range(count)],
        }
    )
    fitted = table.fit(Options(columns=COLUMNS, max_abs_z=None, missing_markers=()), data)
    decoded = {name: np.asarray(values) for name, values in fitted.decoder.decode(fitted.samples).items()}
    # Equal to the double that prints with one decimal, not merely close to it.
    assert decoded["length"].tolist() == data.length.tolist()
    assert decoded["age"].tolist() == data.age.tolist()
    assert np.array(["k0", "k1", "k2"])[decoded["kind"]].tolist() == data.kind.tolist()
    assert decoded["kind"].dtype == np.int32
    assert fitted.samples[:].min() >= 0
    assert fitted.samples[:].max() <= 1


def test_values_outside_the_unit_interval_stay_within_the_range_of_the_data() -> None:
    fitted = table.fit(Options(columns=COLUMNS), rows())
    decoded = fitted.decoder.decode(np.array([[-5.0, 9.0, 0.2, 0.1]], np.float32))
    assert float(decoded["length"][0]) == 0.0
    assert int(decoded["age"][0]) == 19
