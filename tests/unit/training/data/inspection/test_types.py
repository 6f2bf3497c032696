"""What columns are, from cells as people write them."""

import uuid
from collections.abc import Sequence

import pytest
from tests.unit.training.data.inspection.sources import profile, rows

from synthserve_training.data.inspection import inspect
from synthserve_training.models import rules
from synthserve_training.tables.columns import ColumnType, Role

FREQUENT = 12


def spread(*cells: str) -> list[str]:
    """Each of some cells in many rows."""
    return [cell for cell in cells for _ in range(FREQUENT)]


NUMBERS = [str(17 * index % 1009) for index in range(60)]

CASES: list[tuple[str, str, Sequence[str], dict[str, object]]] = [
    # Whole numbers, and what only looks like them.
    ("whole numbers", "n", NUMBERS, {"type": "integer"}),
    ("with missing cells", "n", [*NUMBERS, "", ""], {"type": "integer"}),
    (
        "with markers",
        "n",
        [*NUMBERS, "NULL", "n/a", "?", "-"],
        {"type": "integer", "missing": {"NULL", "n/a", "?", "-"}},
    ),
    ("with a note", "n", [*NUMBERS * 2, "suppressed"], {"type": "integer", "missing": {"suppressed"}}),
    ("negative marker", "n", [*NUMBERS, "-999"], {"type": "integer", "missing": {"-999"}}),
    ("negative numbers", "n", [*NUMBERS, "-999", "-998", "-500"], {"type": "integer", "missing": set()}),
    ("few numbers", "rank", spread("1", "2", "3"), {"type": "integer"}),
    ("classes", "grade", spread("9", "10", "11", "12", "other"), {"type": "category"}),
    ("sizes", "size", spread("38", "40", "S", "M", "XL"), {"type": "category"}),
    ("versions", "version", spread("0.0.4", "0.0.5"), {"type": "category"}),
    ("age bands", "age", spread("18-29", "30-44", "> 60"), {"type": "category"}),
    ("leading zeros", "fips", spread("02", "04", "13"), {"type": "category"}),
    ("unique, with leading zeros", "c", [f"{index:05d}" for index in range(90)], {"type": "id"}),
    ("repeated keys", "shop_id", spread("1001", "1002", "1003"), {"type": "category"}),
    ("numbers of rows", "number", [str(3 + 4 * index) for index in range(60)], {"type": "id"}),
    ("counts", "number", [str(1000 - 7 * index) for index in range(60)], {"type": "integer"}),
    ("keys", "RespondentID", [str(3_292_880_000 - 7 * index) for index in range(60)], {"type": "id"}),
    ("not a key by the end of its name", "paid", [str(1000 + 31 * index) for index in range(60)], {"type": "integer"}),
    ("zip codes that lost their zeros", "zip", [str(1001 + 37 * index) for index in range(60)], {"type": "id"}),
    ("codes behind which a tool put .0", "Postal Code", [f"{1001 + index}.0" for index in range(60)], {"type": "id"}),
    ("terms of years", "term", [f"{year}-{term}" for year in range(2001, 2011) for term in "123"], {"type": "id"}),
    ("months", "c", [f"{2001 + index // 12}-{index % 12 + 1}" for index in range(60)], {"type": "date"}),
    ("years", "year", [str(1960 + index) for index in range(55)], {"type": "integer"}),
    ("larger than 64 bits", "n", [str(2**70 + index) for index in range(60)], {"type": "id"}),
    # Decimals.
    ("decimals", "x", ["1.5", "2", "3.25"] * 20, {"type": "decimal", "decimals": 2, "fixed_decimals": False}),
    ("fixed decimals", "x", ["1.50", "2.00", "3.25"] * 20, {"type": "decimal", "decimals": 2, "fixed_decimals": True}),
    ("decimal comma", "x", ["1,5", "2,25", "-3,1"] * 20, {"type": "decimal", "decimal_mark": ","}),
    ("1.234,56", "x", ["1.234,56", "7,10"] * 20, {"type": "decimal", "decimal_mark": ",", "grouping": "."}),
    ("1,234.56", "x", ["1,234.56", "7.10"] * 20, {"type": "decimal", "decimal_mark": ".", "grouping": ","}),
    ("1 234,5", "x", ["1 234,5", "7,1", "-  23"] * 20, {"type": "decimal", "decimal_mark": ",", "grouping": " "}),
    ("1'234.5", "x", ["1'234.5", "7.1"] * 20, {"type": "decimal", "grouping": "'"}),
    ("12,34,567", "x", ["12,34,567", "1,234"] * 20, {"type": "integer", "grouping": ","}),
    ("percent", "x", ["12 %", "7.5 %"] * 20, {"type": "decimal", "suffix": "%"}),
    ("currency", "x", ["$1,234.50", "-$5.00"] * 20, {"type": "decimal", "prefix": "$", "grouping": ","}),
    ("currency behind", "x", ["1.234,50 €", "5,00 €"] * 20, {"type": "decimal", "suffix": "€", "grouping": "."}),
    (
        "parentheses",
        "x",
        ["(5)", "12", "(1,234)", "1,234,567"] * 20,
        {"type": "integer", "parentheses": True, "grouping": ","},
    ),
    ("powers", "x", ["1.5e10", "2E-3", "7"] * 20, {"type": "decimal", "decimals": None}),
    ("flags", "x", ["12345 p", "99887", "45678", "33221"] * 20, {"type": "integer", "flags": ("p",)}),
    ("footnotes", "x", ["1.5*", "2.5", "3.5", "4.5"] * 20, {"type": "decimal", "flags": ("*",)}),
    ("units", "x", ["12 kg", "9 kg"] * 20, {"type": "integer", "suffix": "kg"}),
    ("several units", "x", spread("12 oz.", "16 oz", "1 l"), {"type": "category"}),
    ("infinite", "x", [*(f"{index}.5" for index in range(60)), "inf"], {"type": "decimal", "missing": {"inf"}}),
    (
        "too large",
        "x",
        [*(f"{index}.5" for index in range(60)), "1e400", "-1e999", "nan", "inf"],
        {"type": "decimal", "missing": {"1e400", "-1e999", "nan", "inf"}},
    ),
    (
        "impossible years",
        "x",
        [*(f"2020-{1 + index % 12:02}-{1 + index % 28:02}" for index in range(60)), "0000-05-01", "10000-01-01"],
        {"type": "date", "missing": {"0000-05-01", "10000-01-01"}},
    ),
    # Truth values.
    ("yes and no", "b", spread("yes", "no"), {"type": "boolean", "true": ("yes",), "false": ("no",)}),
    ("Y, N and n", "b", [*spread("Y", "N"), "n"], {"type": "boolean", "true": ("Y",), "false": ("N", "n")}),
    ("TRUE or nothing", "b", spread("TRUE", ""), {"type": "boolean", "true": ("TRUE",), "false": ("FALSE",)}),
    ("0 and 1", "b", spread("0", "1"), {"type": "boolean", "true": ("1",), "false": ("0",)}),
    ("counts", "Qty", spread("0", "1"), {"type": "integer"}),
    ("ticks", "b", spread("x", ""), {"type": "boolean", "true": ("x",), "false": ()}),
    ("sexes", "sex", spread("F", "M"), {"type": "category"}),
    # Dates and times.
    ("ISO dates", "d", ["2020-01-02", "2021-12-31"] * 20, {"type": "date", "patterns": ("%Y-%m-%d",)}),
    ("days first", "d", ["31/12/2020", "1/2/2021"] * 20, {"type": "date", "patterns": ("%d/%m/%Y",)}),
    ("months first", "d", ["12/31/2020", "1/2/2021"] * 20, {"type": "date", "patterns": ("%m/%d/%Y",)}),
    ("year, day, month", "d", ["2020-31-12", "2020-01-02"] * 20, {"type": "date", "patterns": ("%Y-%d-%m",)}),
    (
        "two digits of 1962 on",
        "d",
        ["7/1/62", "12/31/06", "5/25/99"] * 20,
        {"type": "date", "patterns": ("%m/%d/%y",), "century": 1927},
    ),
    ("digits alone", "d", ["20240320", "20231231"] * 20, {"type": "date", "patterns": ("%Y%m%d",)}),
    ("not all are days", "n", ["20240320", "20231331"] * 20, {"type": "integer"}),
    ("months by name", "d", ["3-Jan-20", "15-Feb-21"] * 20, {"type": "date", "patterns": ("%d-%b-%y",)}),
    ("months", "d", ["2020-01", "2021-12"] * 20, {"type": "date", "patterns": ("%Y-%m",)}),
    ("no days", "d", ["31/02/2020", "01/02/2020"] * 20, {"type": "category"}),
    ("missing days", "d", ["2020-01-02", "2021-01-03", "0000-00-00"] * 20, {"type": "date", "missing": {"0000-00-00"}}),
    (
        "timestamps",
        "t",
        ["2020-01-02T10:00:00Z"] * 5 + ["2021-01-02T10:00:00Z"] * 5,
        {"type": "timestamp", "utc": True},
    ),
    (
        "of two kinds",
        "t",
        ["2020-01-02 10:00:00", "2021-01-02"] * 9,
        {"type": "timestamp", "patterns": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")},
    ),
    (
        "with offsets",
        "t",
        ["2020-01-02T10:00:00+02:00", "2020-01-02T10:00:00-05:30"] * 9,
        {"type": "timestamp", "utc": True},
    ),
    (
        "epoch, seconds",
        "created_at",
        [str(1_600_000_000 + 977 * index) for index in range(40)],
        {"type": "timestamp", "patterns": ("epoch:s",)},
    ),
    (
        "epoch, two units",
        "unix",
        ["1585612800000", "1585699200000", "1502928000.0"] * 9,
        {"type": "timestamp", "patterns": ("epoch:ms", "epoch:s")},
    ),
    ("large numbers", "amount", [str(1_600_000_000 + 977 * (index % 7)) for index in range(40)], {"type": "integer"}),
    ("times", "t", ["07:00:00", "23:59:59"] * 20, {"type": "time"}),
    ("times beyond 24:00", "t", ["07:00:00", "25:10:00"] * 20, {"type": "time"}),
    ("twelve hours", "t", ["1:05 p.m.", "10:30 a.m."] * 20, {"type": "time", "patterns": ("%I:%M %p",)}),
    # Texts.
    ("classes of texts", "c", spread("red", "green"), {"type": "category"}),
    (
        "free text",
        "c",
        [f"order {index} arrived late, and the customer asked for a refund" for index in range(60)],
        {"type": "text"},
    ),
    (
        "long texts that repeat",
        "c",
        [f"Do you agree or disagree with the statement of politician number {index % 25}?" for index in range(100)],
        {"type": "text"},
    ),
    ("one value", "c", ["USGS"] * 30, {"type": "constant", "value": "USGS"}),
    ("one value or none", "c", spread("USGS", ""), {"type": "category"}),
    ("no value", "c", [""] * 30, {"type": "empty"}),
    ("markers only", "c", ["N/A"] * 30, {"type": "empty", "missing": {"N/A"}}),
    (
        "tickers",
        "Symbol",
        ["TRUE", "ON", *(f"{chr(65 + index % 26)}{chr(65 + index // 26)}X" for index in range(60))],
        {"type": "id", "missing": set()},
    ),
    (
        "country codes",
        "iso",
        ["NA", "DE", "AT", "CH", "FR", "IT", "ES", "PT", "PL", "CZ"] * 12,
        {"type": "category", "missing": set()},
    ),
    ("NA among words", "c", spread("low", "high", "NA"), {"type": "category", "missing": {"NA"}}),
    ("None is a class", "c", spread("None", "Mild", "Severe"), {"type": "category", "missing": set()}),
    ("kinds of unknown", "c", spread("D1", "?", "Unknown", "U"), {"type": "category", "missing": set()}),
    ("a dash among signs", "c", spread("-", "*", "+", "#"), {"type": "category", "missing": set()}),
    ("a rare marker", "c", [*[""] * 500, *spread("red", "green"), "null"], {"type": "category", "missing": set()}),
    (
        "codes of one length",
        "c",
        [*(f"{chr(65 + index % 26)}{index % 10}" for index in range(260)), "??", "N/A"],
        {"missing": {"N/A"}},
    ),
]


@pytest.mark.parametrize(("name", "cells", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_column_is(name: str, cells: Sequence[str], expected: dict[str, object]) -> None:
    options = profile(cells, name).options
    found = {field: getattr(options, field) for field in expected}
    if "missing" in expected:
        found["missing"] = set(options.missing) - {""}
    assert found == expected


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("contact", [f"user{index}@example.org" for index in range(60)], "email"),
        ("email_opened", spread("yes", "no"), None),
        ("airline1_code", spread("AA", "BB", "CC"), None),
        ("resolving_loans", NUMBERS, None),
        ("guid", [str(uuid.UUID(int=index * 977)) for index in range(60)], "uuid"),
        ("ip", [f"10.0.{index}.7" for index in range(60)], "ipv4"),
        ("site", [f"https://example.org/{index}" for index in range(60)], "url"),
        ("card", ["4539578763621486", "4716258050958645", "4929722653797141"], "card"),
        ("account", ["DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606"], "iban"),
        ("phone", [f"+49 30 1234{index:03d}" for index in range(60)], "phone"),
        (
            "Customer Name",
            [f"{first} {last}" for first in ("Anna", "Bea", "Cleo") for last in ("Abel", "Berg", "Cole")],
            "name",
        ),
        ("first_name", ["Anna", "Bert", "Cleo", "Dora"], "first-name"),
        ("where", [f"{index} Main Street" for index in range(60)], "address"),
        ("order", [f"CA-2014-{10_000 + 7 * index}" for index in range(60)], "regex"),
        ("id", [str(index) for index in range(1, 60)], "sequence"),
        ("about", [f"it was the number {index}" for index in range(60)], "text"),
    ],
)
def test_what_is_made_by_rules(name: str, cells: Sequence[str], kind: str | None) -> None:
    found = profile(cells, name)
    options = found.options
    assert (options.rule or {}).get("kind") == kind
    assert options.role is (Role.LEARN if kind is None else Role.RULE)
    assert kind is None or any("privacy" in note for note in found.notes)
    if options.rule is not None:
        rules.rule(options.rule, options.name)


def test_the_pattern_of_codes_has_no_code_in_it() -> None:
    """But what they have in common, and they are unique."""
    rule = profile([f"CA-2014-{10_000 + 7 * index}" for index in range(60)], "order").options.rule
    assert rule == {"kind": "regex", "pattern": "CA\\-2014\\-[0-9]{5}", "unique": True, "rows": 100_000}


def test_codes_of_few_rows_have_nothing_in_common() -> None:
    rule = profile([f"CA-2014-{10_000 + 7 * index}" for index in range(9)], "order").options.rule
    assert rule == {"kind": "regex", "pattern": "[A-Z]{2}\\-[0-9]{4}\\-[0-9]{5}", "unique": True, "rows": 1_000_000}


@pytest.mark.parametrize(
    ("neighbour", "pattern"),
    [("25/12/2020", "%d/%m/%Y"), ("12/25/2020", "%m/%d/%Y")],
)
def test_other_columns_show_which_of_day_and_month_is_first(neighbour: str, pattern: str) -> None:
    found = inspect(
        rows({"a": ["01/02/2020", "03/02/2020", "02/02/2020"] * 9, "b": [neighbour, "01/02/2020", "x"[:0]] * 9})
    )
    assert found.columns[0].options.patterns == (pattern,)
    assert not any("decide" in finding.text for finding in found.findings)


def test_what_can_be_read_in_two_ways_is_asked_for() -> None:
    found = inspect(rows({"born": ["01/02/2020", "03/02/2020", "02/02/2020"] * 9}))
    asked = [finding.text for finding in found.findings if finding.column == "born"]
    assert len(asked) == 1
    assert "--set 'born.patterns=%m/%d/%Y'" in asked[0]
    assert "--set 'born.patterns=%d/%m/%Y'" in asked[0]


def test_sorted_rows_show_which_of_day_and_month_is_first() -> None:
    days = [f"{day:02d}/{month:02d}/2020" for month in range(1, 7) for day in (3, 9)]
    found = inspect(rows({"day": days}))
    assert found.columns[0].options.patterns == ("%d/%m/%Y",)
    assert not any("decide" in finding.text for finding in found.findings)


@pytest.mark.parametrize(("neighbour", "expected"), [("1,25", "decimal"), ("1.25", "integer")])
def test_other_columns_show_what_a_comma_means(neighbour: str, expected: str) -> None:
    found = inspect(rows({"a": ["1,234", "5,678"] * 9, "b": [neighbour, "7"] * 9}))
    assert found.columns[0].options.type is ColumnType(expected)


def test_a_comma_with_three_digits_behind_it_is_asked_for_where_nothing_shows_what_it_means() -> None:
    found = inspect(rows({"a": ["1,234", "5,678"] * 9}))
    assert any("decimal_mark" in finding.text for finding in found.findings)


def test_a_note_among_numbers_is_warned_of_with_its_line() -> None:
    found = inspect(rows({"n": [*NUMBERS, "see note"]}))
    assert [(finding.line, finding.column) for finding in found.findings if "see note" in finding.text] == [
        (len(NUMBERS) + 2, "n")
    ]


@pytest.mark.parametrize("late", ["x1", "007", "1.5"])
def test_a_last_row_changes_what_a_column_is(late: str) -> None:
    numbers = [str(index * 3 % 100_003) for index in range(3_000)]
    assert profile(numbers, "n").options.type is ColumnType.INTEGER
    assert profile([*numbers, late], "n").options.type is not ColumnType.INTEGER


def plates(count: int) -> list[str]:
    """Codes of two shapes, one of which repeats."""
    made = [f"{'ABCDE'[number % 5]}-XY {1000 + 7 * number}" for number in range(count)]
    return [*made, *(f"{number:03}/AB" for number in range(count)), made[0]]


def test_templates_of_codes_that_hardly_repeat_are_learnt() -> None:
    found = profile(plates(60), "plate")
    assert found.options.templates
    assert found.options.role is Role.LEARN
    assert found.options.rule is None
    assert any("A-AA 9999" in note for note in found.notes)


@pytest.mark.parametrize(
    "cells",
    [
        [f"CA-{10_000 + 7 * number}" for number in range(60)],
        [f"{'x' * (number % 31)}{number}{'-y' * (number % 7)}" for number in [*range(90), 3]],
    ],
    ids=["unique keys", "many shapes"],
)
def test_templates_of_other_codes_are_not_learnt(cells: Sequence[str]) -> None:
    assert not profile(cells, "code").options.templates


def test_what_becomes_of_a_column_can_be_set() -> None:
    table = {"plate": plates(60), "key": [f"CA-{10_000 + number}" for number in range(121)]}
    found = inspect(rows(table), settings={"plate": {"role": Role.DROP}, "key": {"templates": True}})
    plate, key = (each.options for each in found.columns)
    assert (plate.role, plate.templates) == (Role.DROP, False)
    assert (key.role, key.templates, key.rule) == (Role.LEARN, True, None)


FIRST, LAST = ["Ann", "Bob", "Carl", "Dora"], ["Smith", "Jones", "Brown", "Miller", "Davis"]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"first_name": FIRST * 15, "last_name": LAST * 12}, ["first_name", "last_name"]),
        ({"customer_name": [f"{FIRST[row % 4]} {LAST[row % 5]}" for row in range(60)]}, ["customer_name"]),
        ({"first_name": ["", *FIRST * 14, *FIRST[:3]], "last_name": LAST * 12}, None),
        ({"first_name": FIRST * 15}, None),
    ],
)
def test_addresses_follow_from_names_that_are_complete(columns: dict[str, list[str]], names: list[str] | None) -> None:
    cells = columns | {"mail": [f"user{row}@example.org" for row in range(60)]}
    rule = inspect(rows(cells)).columns[-1].options.rule
    assert rule == {"kind": "email"} | ({"from": names} if names else {})


@pytest.mark.parametrize(
    ("kind", "cell"),
    [("ipv6", "2001:db8::{0:x}:{1:x}"), ("mac", "00:1a:2b:3c:{0:02x}:{1:02x}"), ("ipv4", "10.0.{0}.{1}")],
)
def test_addresses_of_machines_are_made_by_their_rules(kind: str, cell: str) -> None:
    found = profile([cell.format(row, 7 * row % 250) for row in range(60)])
    assert found.options.rule == {"kind": kind}


def test_what_is_read_as_missing_is_counted_with_its_first_line() -> None:
    cells = ["inf", *(f"{index}.5" for index in range(60)), "inf", "1e400"]
    found = inspect(rows({"x": cells}))
    assert [(finding.line, finding.text) for finding in found.findings] == [
        (2, "'inf' is read as missing in 2 rows: all other values are numbers"),
        (64, "'1e400' is read as missing: all other values are numbers"),
    ]
    assert found.columns[0].missing == 3


@pytest.mark.parametrize(("name", "kind"), [("Unnamed: 0", "id"), ("rownames", "id"), ("distance", "integer")])
def test_numbers_of_rows_stay_keys_in_a_sample_of_rows(name: str, kind: str) -> None:
    numbers = [str(1 + index * 7919 % 60_000) for index in range(90)]
    first, _ = inspect(rows({name: numbers, "x": ["a", "b"] * 45})).columns
    assert first.options.type == kind


def test_a_rule_makes_texts_of_as_many_words_as_the_data_have() -> None:
    names = [f"{first}{second} {third}" for first in "BCDFG" for second in ("ambo", "ilda") for third in ("", "Pa Re")]
    found = profile([name.strip() for name in names]).options
    assert found.rule == {"kind": "text", "words": [1, 3]}
    long = profile([f"{'as long as it is ' * 5}{name}" for name in names]).options
    assert long.rule == {"kind": "text"}


@pytest.mark.parametrize(("name", "kind"), [("City", "city"), ("State", "region"), ("province", "region")])
def test_places_that_hardly_repeat_become_other_places(name: str, kind: str) -> None:
    found = profile([f"{first}{second}" for first in "BCDFG" for second in ("amboria", "ildaland")], name).options
    assert found.role is Role.RULE
    assert found.rule is not None
    assert found.rule["kind"] == kind


def test_codes_of_regions_are_no_names_of_them() -> None:
    found = profile([f"{first}{second}" for first in "BCDFG" for second in "XYZ"], "State").options
    assert found.rule is None or found.rule["kind"] != "region"
