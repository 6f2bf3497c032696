"""Files as people have them, public ones that are not in this repository: each column is what people found it to be."""

import json
from pathlib import Path
from typing import Any

import pytest

from synthserve_training.data.inspection import ColumnProfile, inspect, read_typed
from synthserve_training.data.reading import open_table

FILES = [
    "adventureworks_product.csv",
    "btc_daily.csv",
    "craft_beer.csv",
    "eurostat_tps00001.tsv",
    "gbif_tapirus.txt",
    "gtfs_frequencies.txt",
    "hamburg_stadtteile_2014.csv",
    "impeachment_polls.csv",
    "luftdaten_sds011.csv",
    "nasdaq_listed.txt",
    "openflights_airlines.dat",
    "play_reviews_utf16.csv",
    "sandy_311_calls.csv",
    "shopify_jewelry.csv",
    "starwars_survey.csv",
    "sunspots_silso.csv",
    "superstore_orders.tsv",
    "unsd_m49_ru.csv",
    "usgs_streamflow.rdb.txt",
    "va_education_fy10.csv",
    "volcano_db.csv",
    "voting_rights_determination.csv",
    "walmart_openings.csv",
    "worldbank_gdp.csv",
]


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    """The right reading of each file."""
    import os

    folder = os.environ.get("SYNTHSERVE_DATA")
    if folder is None or not (Path(folder) / "wild" / "cases.json").is_file():
        pytest.skip("needs the files wild/ of the real datasets: set SYNTHSERVE_DATA to their folder")
    content = json.loads((Path(folder) / "wild" / "cases.json").read_text())
    return {case["file"]: case | {"path": str(Path(folder) / "wild" / case["file"])} for case in content["cases"]}


@pytest.mark.parametrize("file", FILES)
def test_columns(cases: dict[str, Any], file: str) -> None:
    case = cases[file]
    source = open_table(case["path"])
    found = inspect(source)
    assert found.rows == case["reading"]["rows"]
    assert len(found.columns) == case["reading"]["columns"]
    wrong = {}
    for column in case["columns"]:
        if problems := list(_problems(column, found.columns[column["n"] - 1])):
            wrong[column["name"]] = problems
    assert wrong == {}
    table, rows = read_typed(source, [profile.options for profile in found.columns])
    assert rows == found.rows
    for typed in table.columns:
        profile = next(one for one in found.columns if one.options.name == typed.options.name)
        assert int((~typed.valid).sum()) == profile.missing


def _problems(column: dict[str, Any], profile: ColumnProfile) -> Any:
    options = profile.options
    if options.type not in (column["type"], *column.get("also", ())):
        yield f"type {options.type}"
    for count in ("missing", "distinct"):
        expected = column.get("missing_cells" if count == "missing" else count)
        if expected is not None and getattr(profile, count) != expected:
            yield f"{count} {getattr(profile, count)}, not {expected}"
    truths = (set(options.true), set(options.false))
    if options.type == column["type"] == "boolean" and truths != (set(column["true"]), set(column["false"])):
        yield f"true {options.true}, false {options.false}"
    if column.get("keep_leading_zeros") and options.type in ("integer", "decimal") and not options.digits:
        yield "leading zeros are lost"
    if options.type == "constant" and "value" in column and options.value != column["value"]:
        yield f"value {options.value}"
    if options.type == column["type"] and (wanted := column.get("format")) and options.type in ("date", "timestamp"):
        formats = [wanted] if isinstance(wanted, str) else wanted
        if {_as_people_write(pattern) for pattern in options.patterns} != {_unpadded(one) for one in formats}:
            yield f"patterns {options.patterns}, not {formats}"


def _as_people_write(pattern: str) -> str:
    if pattern.startswith("epoch:"):
        return pattern.replace(":", " ")
    for code, letters in (
        ("%Y", "YYYY"),
        ("%y", "YY"),
        ("%m", "M"),
        ("%d", "D"),
        ("%H", "h"),
        ("%M", "m"),
        ("%S", "s"),
        ("%f", "f"),
    ):
        pattern = pattern.replace(code, letters)
    return pattern


def _unpadded(pattern: str) -> str:
    for padded, letter in (("MM", "M"), ("DD", "D"), ("hh", "h"), ("mm", "m"), ("ss", "s"), ("fff", "f")):
        pattern = pattern.replace(padded, letter)
    return pattern
