"""Renders a report as one HTML file, which contains its styles, its pictures and a script that searches and sorts."""

import base64
from importlib import resources

import jinja2

from synthserve_training.evaluation.figures import Cell, Figure, Report, Table

_SPREADS = 2.0
_MEASURED_ONCE = 0.05


def render(report: Report) -> str:
    """Renders a report; text from the manifest is escaped."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(
        number=number,
        cell=cell,
        numeric_columns=numeric_columns,
        base64=lambda data: base64.b64encode(data).decode(),
    )
    template = resources.files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        report=report,
        verdict=verdict,
        searchable=any(plot.subject for section in report.sections for plot in section.plots),
    )


def number(value: float | None) -> str:
    """Three decimals, or three significant digits of a large or tiny number."""
    if value is None:
        return "–"
    return f"{value:.3f}" if 0.001 <= abs(value) < 1000 or value == 0 else f"{value:,.3g}"


def cell(value: Cell) -> str:
    """A cell of a table."""
    return number(value) if isinstance(value, float) else "" if value is None else str(value)


def numeric_columns(table: Table) -> list[bool]:
    """Which columns hold numbers, also as text, such as an interval; the first one names the rows."""
    return [place > 0 and all(_is_numeric(row[place]) for row in table.rows) for place in range(len(table.columns))]


def _is_numeric(value: Cell) -> bool:
    return not isinstance(value, str) or value[:1] in "-–0123456789"


def verdict(figure: Figure) -> str:
    """Compares a value with its reference: `good`, `near`, `off`, or `none` without a reference.

    Good is as real data or better; where closer is better, within one spread of it. Near is within two spreads. The
    spread of a value that was measured once is taken to be a twentieth of the reference.
    """
    if figure.reference is None:
        return "none"
    gap = figure.value - figure.reference
    spread = _MEASURED_ONCE * abs(figure.reference) if figure.spread is None else figure.spread
    lacking = {"higher": -gap, "lower": gap, "closer": abs(gap) - spread}[figure.better]
    if lacking <= 0:
        return "good"
    return "near" if abs(gap) <= _SPREADS * spread else "off"
