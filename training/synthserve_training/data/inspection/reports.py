"""What was understood of a source, for people and for programs."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from synthserve_training.data.inspection.inspecting import ColumnProfile, Finding, Inspection
from synthserve_training.data.reading.layout import FileLayout
from synthserve_training.tables.columns import Role
from synthserve_training.tables.constraints.kinds import Constraint, Implication
from synthserve_training.tables.constraints.proposing import Proposal

_SEPARATORS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "blank"}


def as_json(inspection: Inspection, proposals: Sequence[Proposal] = ()) -> dict[str, Any]:
    """What was understood, for programs.

    Args:
        inspection: What was found.
        proposals: Constraints to propose.

    Returns:
        `encoding`, `separator`, `header_row` (its line, from 1, or None), `rows`, `columns` with `name`, `type`,
        `missing`, `distinct` and `notes`, and `constraints` with `text`, `why`, and `options` as a recipe has them.
    """
    layout = inspection.layout
    warnings: dict[str | None, list[Finding]] = {}
    for finding in inspection.findings:
        warnings.setdefault(finding.column, []).append(finding)
    return {
        "encoding": layout.encoding,
        "separator": layout.separator,
        "header_row": layout.header_row or None,
        "rows": inspection.rows,
        "columns": [
            {
                "name": profile.options.source_name,
                "type": str(profile.options.type),
                "missing": profile.missing,
                "distinct": profile.distinct,
                "notes": _notes(profile, warnings.get(profile.options.source_name, [])),
            }
            for profile in inspection.columns
        ],
        "constraints": [
            {
                "text": proposal.constraint.text,
                "why": proposal.evidence,
                "options": proposal.constraint.model_dump(mode="json", exclude_defaults=True),
            }
            for proposal in proposals
        ],
    }


def _notes(profile: ColumnProfile, findings: Iterable[Finding]) -> list[str]:
    warned = [_with_line(finding) for finding in findings if finding.text not in profile.notes]
    return [*profile.notes, *warned]


def _with_line(finding: Finding) -> str:
    return f"line {finding.line}: {finding.text}" if finding.line else finding.text


def as_table(inspection: Inspection, proposals: Sequence[Proposal] = ()) -> RenderableType:
    """What was understood, for people: the file, its columns, constraints, warnings with lines, and what is private.

    Args:
        inspection: What was found.
        proposals: Constraints to propose.
    """
    columns = Table(box=None, pad_edge=False, header_style="bold")
    columns.add_column("column", max_width=32, overflow="ellipsis", no_wrap=True)
    columns.add_column("type", no_wrap=True)
    columns.add_column("example", max_width=24, overflow="ellipsis", no_wrap=True)
    for title in ("missing", "distinct"):
        columns.add_column(title, justify="right", no_wrap=True)
    columns.add_column("why", overflow="fold")
    for profile in inspection.columns:
        columns.add_row(
            escape(profile.options.name),
            _type(profile),
            escape(_one_line(profile.example)),
            _share(profile.missing, profile.rows),
            f"{profile.distinct:,}",
            escape(_why(profile)),
        )
    parts: list[RenderableType] = [
        Text(_file(inspection.layout, inspection.rows, len(inspection.columns))),
        "",
        columns,
    ]
    if proposals:
        parts += ["", Text("Proposed constraints", style="bold"), *map(Text, _constraints(proposals))]
    if warnings := [_warning(finding) for finding in inspection.findings]:
        parts += ["", Text("Warnings", style="bold"), *warnings]
    if private := _private(inspection.columns):
        parts += ["", Text("Privacy", style="bold"), *private]
    return Group(*parts)


def _constraints(proposals: Sequence[Proposal]) -> list[str]:
    """One line for each constraint, and for the columns that are missing together."""
    together: dict[str, list[str]] = {}
    for proposal in proposals:
        if (pair := _missing_together(proposal.constraint)) is not None:
            first, other = pair
            together.setdefault(first, []).append(other)
    lines = []
    for proposal in proposals:
        pair = _missing_together(proposal.constraint)
        if pair is None:
            lines.append(f"{proposal.constraint.text} ({proposal.evidence})")
        elif names := together.pop(pair[0], []):
            lines.append(f"{', '.join(dict.fromkeys([pair[0], *names]))} are missing together ({proposal.evidence})")
    return lines


def _missing_together(constraint: Constraint) -> tuple[str, str] | None:
    """The two columns of which one is missing where, or only where, the other is; None: it says something else."""
    if not isinstance(constraint, Implication):
        return None
    when, then = constraint.when, constraint.then
    same = when.missing is then.missing and not when.values and not then.values
    return (when.column, then.column) if same else None


def _type(profile: ColumnProfile) -> Text:
    options = profile.options
    how = " (rule)" if options.role is Role.RULE else " (templates)" if options.templates else ""
    return Text(f"{options.type}{how}", style="yellow" if how else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _share(missing: int, rows: int) -> str:
    if not missing:
        return ""
    share = 100 * missing / rows
    return f"{share:.0f} %" if share >= 1 else _counted(missing, "row")


def _why(profile: ColumnProfile) -> str:
    markers = [text for text in profile.options.missing if text]
    return f"{profile.why}; missing: {', '.join(map(_one_line, markers))}" if markers else profile.why


def _file(layout: FileLayout, rows: int, columns: int) -> str:
    said = [layout.address or ", ".join(layout.files), layout.format, layout.compression, layout.encoding]
    if layout.separator:
        said.append(f"separator {_SEPARATORS.get(layout.separator, layout.separator)}")
    if layout.format in ("delimited", "excel"):
        said.append(f"header in line {layout.header_row}" if layout.header_row else "no header")
    said.append(f"{_counted(rows, 'row')}, {_counted(columns, 'column')}")
    return " · ".join(part for part in said if part)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _warning(finding: Finding) -> Text:
    where = [f"line {finding.line}"] if finding.line else []
    where += [f"column {finding.column!r}"] if finding.column else []
    return Text(f"{', '.join(where)}: {finding.text}" if where else finding.text)


def _private(columns: Sequence[ColumnProfile]) -> list[Text]:
    """One line for each note, with the columns that have it."""
    by_note: dict[str, list[str]] = {}
    for profile in columns:
        if profile.options.hides_values:
            for note in profile.notes:
                by_note.setdefault(note.removeprefix("privacy: "), []).append(profile.options.name)
    return [Text(f"{', '.join(names)}: {note}") for note, names in by_note.items()]
