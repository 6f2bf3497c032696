import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.fixtures import reports

from synthserve_training.evaluation import figures, html, run
from synthserve_training.evaluation.figures import (
    Better,
    Figure,
    Measurement,
    Metric,
    Plot,
    Report,
    Section,
    Table,
    described,
)

PNG = b"\x89PNG\r\n\x1a\n rest"


def figure(value: float, reference: float | None, better: Better, spread: float | None = None) -> Figure:
    return Figure("m", value, reference, spread, better, "How.")


def report(summary: str = "Flowers") -> Report:
    sections = (
        Section(
            "Fidelity",
            "Text.",
            (
                Figure("a", 0.5, 0.75, 0.1, "higher", "Text.", headline=True),
                Figure("b", 3.0, None, None, "lower", "T."),
            ),
            (Plot("columns", "A caption", PNG),),
            (Table("Cells", ("name", "value"), (("x", 0.25), ("y", None), ("z", 7)), note="A note"),),
        ),
    )
    return reports.report(*sections, summary=summary)


def test_lines_are_the_headline_figures_below_each_other() -> None:
    found = (
        Figure("short", 0.5, 0.75, 0.1, "higher", "T.", headline=True),
        Figure("left_out", 1.0, None, None, "lower", "T."),
        Figure("a_longer_name", 123.4567, None, None, "closer", "T.", headline=True),
    )
    assert reports.report(Section("Fidelity", "Text.", found)).lines() == [
        "short            0.500  real data    0.750  higher is better",
        "a_longer_name  123.457                      closer is better",
    ]
    assert reports.report().lines() == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_figure_is_finite(bad: float) -> None:
    for value, reference, spread in ((bad, 1.0, None), (1.0, bad, None), (1.0, 1.0, bad)):
        with pytest.raises(ValueError, match="must be finite"):
            figure(value, reference, "higher", spread)


def test_report_comes_back_from_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    run.write(report(), folder)
    run.write(report(), folder)  # in place of the one before
    assert sorted(p.name for p in folder.iterdir()) == ["columns.png", "report.html", "report.json"]
    assert (folder / "columns.png").read_bytes() == PNG
    assert [p.name for p in tmp_path.iterdir()] == ["report"]
    back = figures.read(folder / "report.json")
    assert back.figures() == report().figures()
    assert back.sections[0].tables == report().sections[0].tables
    assert "png" not in json.loads((folder / "report.json").read_text())["sections"][0]["plots"][0]


def test_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(report().to_json().replace('"seed": 3', '"seed": -3'))
    with pytest.raises(ValidationError):
        figures.read(tmp_path / "report.json")


def test_headline_is_what_the_manifest_takes() -> None:
    (only,) = report().headline()
    assert (only.metric, only.value, only.reference, only.spread) == ("a", 0.5, 0.75, 0.1)
    assert not figures.Report.headline(report().model_copy(update={"sections": ()}))


def test_measurements_are_described_in_the_order_of_the_metrics() -> None:
    metrics = (
        Metric("first", "lower", "Of {count:,} rows.", headline=True),
        Metric("absent", "higher", "Of {unknown}."),
        Metric("second", "closer", "Of {count:,} columns."),
    )
    measured = {"second": Measurement(2.0), "first": Measurement.repeated([1.0, 2.0, 3.0], 4.0)}
    first, second = described(metrics, measured, count=1234)
    assert first == Figure("first", 2.0, 4.0, 1.0, "lower", "Of 1,234 rows.", headline=True)
    assert second == Figure("second", 2.0, None, None, "closer", "Of 1,234 columns.")
    assert Measurement.repeated([5.0]).spread is None


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)
        self.outside += [v for k, v in attrs if k in ("src", "href") and v and not v.startswith(("data:", "#"))]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_well_formed_needs_nothing_else_and_escapes_what_it_shows() -> None:
    text = html.render(report("<script>alert(1)</script> & more"))
    page = Page()
    page.feed(text)
    assert not page.open
    assert not page.outside
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    for shown in ("0.500", "0.750", "A caption", "A note", "0.250", "data:image/png;base64,iVBORw0K"):
        assert shown in text


def test_columns_of_numbers_are_known_from_their_cells() -> None:
    rows = (("1", "TV complement", 0.5, "0.4 to 0.6", None, 3), ("b", "7", None, "– ", None, 4))
    table = Table("Cells", ("name", "score", "value", "interval", "nothing", "count"), rows)
    assert html.numeric_columns(table) == [False, False, True, True, True, True]


def test_page_of_many_columns_can_be_searched() -> None:
    assert 'type="search"' not in html.render(report())
    plots = (Plot("column-1", "age: 0.9.", PNG, subject='a"ge'), Plot("column-2", "sex: 0.8.", PNG, subject="sex"))
    text = html.render(reports.report(Section("Columns", plots=plots)))
    page = Page()
    page.feed(text)
    assert not page.outside
    assert 'type="search"' in text
    assert 'data-name="a&#34;ge"' in text
    assert text.index("age: 0.9.") < text.index("sex: 0.8.")


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (figure(0.9, 0.8, "higher"), "good"),
        (figure(0.79, 0.8, "higher"), "near"),
        (figure(0.7, 0.8, "higher"), "off"),
        (figure(0.79, 0.8, "higher", 0.001), "off"),
        (figure(0.041, 0.04, "closer"), "good"),
        (figure(0.0147, 0.0001, "lower", 0.0008), "off"),
        (figure(0.56, 0.5, "closer", 0.07), "good"),
        (figure(0.56, 0.5, "closer", 0.04), "near"),
        (figure(0.56, 0.5, "closer", 0.02), "off"),
        (figure(0.7, 0.8, "higher", 0.06), "near"),
        (figure(0.7, 0.8, "higher", 0.04), "off"),
        (figure(0.7, 0.8, "lower"), "good"),
        (figure(0.9, 0.8, "lower"), "off"),
        (figure(0.4, 0.5, "closer"), "off"),
        (figure(0.5, 0.5, "closer"), "good"),
        (figure(0.5, None, "higher"), "none"),
    ],
)
def test_verdict_holds_a_value_against_real_data(measured: Figure, verdict: str) -> None:
    assert html.verdict(measured) == verdict


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.000"), (0.12345, "0.123"), (0.00012, "0.00012"), (12345.6, "1.23e+04"), (None, "–")]
)
def test_number_is_short(value: float | None, text: str) -> None:
    assert html.number(value) == text
