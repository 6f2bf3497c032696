"""Public files as people have them, each with the right reading of it, checked by hand."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.unit.training.reading.conftest import read

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
ENCODINGS = {
    "ascii": "utf-8",
    "utf-8": "utf-8",
    "utf-8 with BOM": "utf-8-sig",
    "utf-16-le with BOM": "utf-16",
    "windows-1252": "cp1252",
    "utf-8 with replacement per line": "utf-8",
}


@cache
def cases(folder: Path) -> dict[str, Any]:
    return {case["file"]: case for case in json.loads((folder / "cases.json").read_text())["cases"]}


@pytest.fixture(scope="module")
def folder() -> Path:
    """The folder of the files."""
    known = os.environ.get("SYNTHSERVE_DATA")
    if known is None or not (found := Path(known) / "wild").is_dir():
        pytest.skip("needs the folder wild of the real datasets: set SYNTHSERVE_DATA")
    return found


def test_no_file_is_left_out(folder: Path) -> None:
    assert sorted(cases(folder)) == FILES


@pytest.mark.parametrize("file", FILES)
def test_file_is_read_as_people_would(folder: Path, file: str) -> None:
    case = cases(folder)[file]
    wanted = case["reading"]
    found = read(folder / file)
    layout = found.layout
    header = wanted["header_line"]
    assert layout.separator == wanted["separator"]
    assert layout.quote == wanted["quote"]
    assert layout.comment == wanted.get("comment")
    assert layout.header_row == (header[0] if isinstance(header, list) else header)
    assert layout.first_row == wanted["first_data_line"]
    assert layout.footer_rows == wanted.get("footer_lines", 0)
    assert layout.line_end == wanted["line_end"].split(" ")[0]
    assert layout.encoding in {
        ENCODINGS.get(name) for name in (wanted["encoding"], *wanted.get("encoding_also_ok", ()))
    }
    assert found.frame.shape == (wanted["rows"], wanted["columns"])
    for column in case["columns"]:
        name = layout.names[column["n"] - 1]
        if column["name"] and not column["name"].startswith("(") and layout.header_rows == 1:
            assert name == column["name"]
        texts = {text.strip() for text in found.frame[name]}
        markers = {*wanted["missing"], *column.get("missing", ())}
        if "strip" not in column:
            assert len({text for text in texts if text not in markers}) == column.get("distinct", 0)


@pytest.mark.parametrize("file", FILES)
def test_layout_reads_the_file_again_in_the_same_way(folder: Path, file: str) -> None:
    found = read(folder / file)
    options = found.layout.options().model_dump(exclude={"address"}, exclude_unset=True)
    again = read(folder / file, **options)
    assert again.layout == found.layout
    assert again.frame.equals(found.frame)


def test_second_header_line_is_joined_to_the_first(folder: Path) -> None:
    names = read(folder / "starwars_survey.csv").layout.names
    assert names[0] == "RespondentID"
    assert names[4].startswith("Which of the following Star Wars films have you seen?")
    assert names[4].endswith("Attack of the Clones")
    assert len(set(names)) == len(names)
