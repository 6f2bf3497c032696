"""Writes the recipe of a table as a person would: only what differs from the defaults, with the evidence beside it."""

import re
from collections.abc import Sequence

from synthserve_training.data.inspection.inspecting import ColumnProfile, Inspection
from synthserve_training.tables.constraints.proposing import Proposal
from synthserve_training.tables.recipe import SourceOptions
from synthserve_training.tables.toml import fields, value

_TO_FILL = "Describe it here."


def recipe_toml(
    inspection: Inspection, name: str, *, source: SourceOptions | None = None, proposals: Sequence[Proposal] = ()
) -> str:
    """Writes an editable recipe; `recipe.parse` reads the same options from it.

    Args:
        inspection: What was found.
        name: The model's identifier.
        source: How the source is read; default: as it was.
        proposals: Constraints to propose.
    """
    layout = inspection.layout
    lines = [
        f"# {len(inspection.columns):,} columns, {inspection.rows:,} rows. Change what is wrong; fit with --recipe.",
        f"model = {value(name)}",
        "",
        "[source]",
        *fields((source or layout.options()).model_dump(exclude_unset=True)),
    ]
    for finding in inspection.findings:
        about = f"column {finding.column!r}: " if finding.column else ""
        lines.append(
            _comment(f"line {finding.line}, {about}{finding.text}" if finding.line else f"{about}{finding.text}")
        )
    for profile in inspection.columns:
        lines += ["", *_column(profile)]
    for proposal in proposals:
        options = proposal.constraint.model_dump(mode="json", exclude_defaults=True)
        lines += ["", _comment(f"{proposal.constraint.text}: {proposal.evidence}"), "[[constraints]]", *fields(options)]
    lines += [
        "",
        "[card]",
        f"summary = {value(f'Rows like those of {name}')}",
        f"training_data = {value(layout.address or ', '.join(layout.files) or _TO_FILL)}",
        'training_data_license = "Not stated"',
        'license = "Not stated"',
        f"intended_use = {value(_TO_FILL)}",
        "",
    ]
    return "\n".join(lines)


def _column(profile: ColumnProfile) -> list[str]:
    counts = f"{profile.distinct:,} distinct, {profile.missing:,} missing"
    lines = [_comment(f"{profile.why} ({counts})"), *map(_comment, profile.notes), "[[columns]]"]
    return lines + fields(profile.options.model_dump(mode="json", exclude_defaults=True))


def _comment(text: str) -> str:
    return "# " + re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+", " ", text)
