"""Proposes constraints that hold in all rows of a table, and would hardly do so by chance."""

from collections.abc import Sequence
from itertools import chain

from synthserve_training.errors import RecipeError
from synthserve_training.tables.columns import Role
from synthserve_training.tables.constraints.kinds import Constraint
from synthserve_training.tables.constraints.planning import plan
from synthserve_training.tables.constraints.proposing import arithmetic, dependencies, orders, together
from synthserve_training.tables.constraints.proposing.evidence import MOST_COLUMNS, Proposal, Sample
from synthserve_training.tables.typed import TypedTable

__all__ = ["MOST_COLUMNS", "PROPOSING_ROWS", "Proposal", "propose"]

PROPOSING_ROWS = 1_000_000
"""As many rows of a source are looked at; of larger ones, a sample."""


_MIN_ROWS = 20
"""Twice as many as are published by default: some rows are held out, and what is proposed has to hold for the rest."""


def propose(table: TypedTable, min_rows: int = _MIN_ROWS) -> list[Proposal]:
    """Proposes constraints that fit together.

    A constraint is proposed where every row keeps it, and rows of values that are paired at random would do so with a
    chance below exp(-30).

    Args:
        table: All rows, or very many of them.
        min_rows: Values of fewer rows decide nothing.
    """
    learned = [column for column in table.columns if column.options.role is Role.LEARN]
    if len(learned) > MOST_COLUMNS or len(table) < 2:
        return []
    sample = Sample.of(TypedTable(learned))
    found = chain(
        arithmetic.proposals(sample),
        dependencies.proposals(sample),
        together.one_hot(sample),
        together.missing(sample),
        orders.proposals(sample),
        together.combinations(sample, min_rows),
    )
    options = [column.options for column in table.columns]
    kept: list[Proposal] = []
    for each in found:
        constraints: Sequence[Constraint] = [*(one.constraint for one in kept), each.constraint]
        derived = {one.derived for one in constraints if one.derived is not None}
        if any(_about_derived(one, derived) for one in constraints):
            continue
        try:
            planned = plan(options, constraints)
        except RecipeError:
            continue
        if each.constraint in planned.constraints:  # else it follows from another one
            kept.append(each)
    return kept


def _about_derived(constraint: Constraint, derived: set[str]) -> bool:
    """Whether a constraint is about a column that follows from others anyway."""
    return constraint.derived is None and bool(set(constraint.names) & derived)
