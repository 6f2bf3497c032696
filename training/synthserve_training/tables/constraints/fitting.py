"""Fits constraints to training rows: leaves out those that violate one, and finds the tokens of the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from synthserve_training.errors import DatasetError
from synthserve_training.models.autoregressive.drawing.constraints.derived import Derived
from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint as Held
from synthserve_training.models.autoregressive.tokens import fitting as tokens
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.tables.columns import ColumnOptions
from synthserve_training.tables.constraints import checking, compiling
from synthserve_training.tables.constraints.differences import with_differences
from synthserve_training.tables.constraints.kinds import Combinations, Constraint, Dependency, Implication
from synthserve_training.tables.constraints.planning import plan
from synthserve_training.tables.model import column_graphs
from synthserve_training.tables.recipe import TableRecipe
from synthserve_training.tables.typed import TypedTable

_FEWEST_ROWS = 2


@dataclass(frozen=True)
class Constrained:
    """What is learnt of a table with constraints.

    Attributes:
        table: The training rows that keep all constraints.
        code: The tokens of the drawn columns, in the order in which they are drawn.
        constraints: What holds by how they are drawn.
        derived: The columns that follow from others.
        violations: For each constraint that rows violate how many do.
        ignored: The constraints about columns of which no value may be published.
    """

    table: TypedTable
    code: TableCode
    constraints: Sequence[Held]
    derived: Sequence[Derived]
    violations: Mapping[str, int]
    ignored: Sequence[str] = ()


def fit(recipe: TableRecipe, table: TypedTable) -> Constrained:
    """Fits the constraints of a recipe; see `fit_constraints`."""
    return fit_constraints(recipe.columns, recipe.constraints, table, recipe.privacy.min_rows)


def fit_constraints(
    columns: Sequence[ColumnOptions], constraints: Sequence[Constraint], table: TypedTable, min_rows: int
) -> Constrained:
    """Fits constraints.

    Args:
        columns: All columns of the table.
        constraints: What is to hold.
        table: The training rows.
        min_rows: Values, bins, extremes and combinations of fewer rows are not published.

    Raises:
        RecipeError: The constraints do not fit together, or one of them cannot be kept.
        DatasetError: Hardly any row keeps them.
    """
    planned = plan(columns, constraints)
    kept = checking.kept(table, constraints, min_rows)
    if constraints and len(kept.rows) < _FEWEST_ROWS:
        worst = max(kept.violations, key=lambda text: kept.violations[text])
        raise DatasetError(
            f"hardly any row keeps the constraints: {kept.violations[worst]:,} of {len(table):,} violate `{worst}`"
        )
    good = table.take(kept.rows) if kept.violations else table
    known = {column.options.name for column in table.columns}
    drawn = [name for name in planned.drawn if name in known]
    code = tokens.fit(good, min_rows, drawn, _ungrouped(constraints))
    lost = set(drawn) - set(code.names)
    if ignored := [each for each in constraints if not lost.isdisjoint(each.names)]:
        others = [each for each in constraints if each not in ignored]
        found = fit_constraints(columns, others, table, min_rows)
        return replace(found, ignored=(*(each.text for each in ignored), *found.ignored))
    code = with_differences(code, constraints, good, min_rows)
    # Columns with few codes first, which leaves the fewest bits per row, as far as the constraints allow it.
    sizes = {
        name: sum(token.size for token in each.tokens) for name, each in zip(code.names, code.columns, strict=True)
    }
    planned = plan(sorted(columns, key=lambda column: sizes.get(column.name, 0)), constraints)
    code = code.in_order([name for name in planned.drawn if name in sizes])
    graphs = {each.schema.name: each for each in column_graphs(columns, code)}
    return Constrained(
        good,
        code,
        compiling.held(planned, graphs, good, min_rows),
        compiling.derived(planned, graphs, good, code),
        kept.violations,
    )


def _ungrouped(constraints: Sequence[Constraint]) -> set[str]:
    """Columns whose values constraints tell apart."""
    names: set[str] = set()
    for each in constraints:
        match each:
            case Combinations():
                names.update(each.columns)
            case Dependency():
                names.add(each.key)
            case Implication():
                names.update(side.column for side in (each.when, each.then) if side.values)
    return names
