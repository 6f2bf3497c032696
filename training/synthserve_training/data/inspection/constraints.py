"""Proposes constraints for a source that was inspected."""

from synthserve_training.data.inspection.inspecting import Inspection
from synthserve_training.data.inspection.reading_typed import read_typed
from synthserve_training.data.reading.layout import TableSource
from synthserve_training.tables.columns import Role
from synthserve_training.tables.constraints.proposing import MOST_COLUMNS, PROPOSING_ROWS, Proposal, propose
from synthserve_training.types import Progress, no_progress

_FIRST_LOOK = 50_000
"""So many rows say which columns no constraint is about; only the others are read in more rows."""


def proposed(source: TableSource, inspection: Inspection, *, progress: Progress = no_progress) -> list[Proposal]:
    """Proposes constraints that hold in all rows of a source, or in a sample of very many.

    Args:
        source: The rows, which are read once more, and those of long tables twice.
        inspection: What was found in it.
        progress: Reports the bytes that were read.

    Raises:
        ReadingError: The source cannot be read.
    """
    columns = [profile.options for profile in inspection.columns]
    if inspection.rows < 2 or sum(options.role is Role.LEARN for options in columns) > MOST_COLUMNS:
        return []
    table, rows = read_typed(source, columns, rows=_FIRST_LOOK, checked=False, progress=progress)
    found = propose(table)
    if not found or rows <= _FIRST_LOOK:
        return found
    named = {name for proposal in found for name in proposal.constraint.names}
    columns = [options for options in columns if options.name in named]
    table, _ = read_typed(source, columns, rows=PROPOSING_ROWS, checked=False, progress=progress)
    return propose(table)
