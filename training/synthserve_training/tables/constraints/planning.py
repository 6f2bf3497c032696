"""What constraints mean for a table: whether they fit together, which columns are derived, and the order of drawing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from synthserve_training.errors import RecipeError
from synthserve_training.problems import did_you_mean
from synthserve_training.tables.columns import ColumnOptions, ColumnType, Role
from synthserve_training.tables.constraints import expressions
from synthserve_training.tables.constraints.checking import end
from synthserve_training.tables.constraints.kinds import (
    Combinations,
    Constraint,
    Dependency,
    Formula,
    Implication,
    OneHot,
    Order,
    Range,
    Sum,
    Unique,
)

NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL})
MOMENTS = frozenset({ColumnType.DATE, ColumnType.TIMESTAMP})
CHOICES = frozenset({ColumnType.CATEGORY, ColumnType.BOOLEAN, ColumnType.ID, ColumnType.TEXT, ColumnType.CONSTANT})
_UNIQUE_RULES = frozenset({"permutation", "sequence", "uuid"})


@dataclass(frozen=True)
class Plan:
    """How the columns of a table follow each other.

    Attributes:
        drawn: The columns that the network draws, in that order.
        derived: The columns that follow from others, each after those that it follows from, with the constraint.
        constraints: Those that hold by how columns are drawn; they may be joined.
    """

    drawn: tuple[str, ...]
    derived: Mapping[str, Constraint]
    constraints: tuple[Constraint, ...]


@dataclass(frozen=True)
class Joint:
    """Constraints on which values occur together.

    Attributes:
        constraints: Combinations, one-hot groups and implications.
    """

    constraints: tuple[Combinations | OneHot | Implication, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that they are about."""
        return tuple(dict.fromkeys(name for each in self.constraints for name in each.names))

    @property
    def text(self) -> str:
        """What they say."""
        return " and ".join(each.text for each in self.constraints)


def plan(columns: Sequence[ColumnOptions], constraints: Sequence[Constraint]) -> Plan:
    """Plans the drawing of a table.

    Args:
        columns: Its columns, in its order.
        constraints: What is to hold.

    Raises:
        RecipeError: A constraint names a column that it cannot be about, or constraints do not fit together.
    """
    known = {column.name: column for column in columns}
    for each in constraints:
        for name in each.names:
            if name not in known:
                raise _error(each, f"there is no column {name!r}{did_you_mean(name, known)}")
        _check_types(each, known)
    learned = [column.name for column in columns if column.role is Role.LEARN]
    derived = _derived(constraints)
    kept = [each for each in constraints if not _follows(each, constraints)]
    _check_roles(kept, derived)
    drawn = [name for name in learned if name not in derived]
    return Plan(_order(drawn, kept), derived, tuple(kept))


def tied(constraint: Constraint, derived: Mapping[str, Constraint]) -> tuple[str, ...]:
    """The columns that a constraint restricts while they are drawn, as it names them."""
    match constraint:
        case Order() | Combinations() | OneHot():
            return constraint.columns
        case Implication():
            return constraint.names
        case Range():
            return constraint.names
        case Sum():
            return (constraint.total, *constraint.parts[:-1])
        case _:
            return ()


def _check_types(constraint: Constraint, known: Mapping[str, ColumnOptions]) -> None:
    names = constraint.names
    if isinstance(constraint, Unique):
        column = known[constraint.column]
        rule = column.rule or {}
        if not (rule.get("unique") or rule.get("kind") in _UNIQUE_RULES):
            raise _error(
                constraint,
                f"values that are drawn repeat: give {column.name!r} role = 'rule' and a rule of kind "
                f"{', '.join(sorted(_UNIQUE_RULES))}, or one with unique = true",
            )
        return
    for name in names:
        if known[name].role is not Role.LEARN:
            raise _error(constraint, f"{name!r} is not learnt (role = {known[name].role.value!r})")
    if drawn := next((name for name in _valued(constraint) if known[name].templates), None):
        raise _error(constraint, f"texts of {drawn!r} are drawn at random from templates: leave it out")
    types = {name: known[name].type for name in names}
    match constraint:
        case Range():
            _require(constraint, types, names, NUMBERS | MOMENTS)
            for value in (constraint.low, constraint.high):
                if value is not None:
                    end(value, types[constraint.column], constraint)
        case Order():
            kinds = {_comparable(kind) for kind in types.values()}
            if len(kinds) > 1 or None in kinds:
                raise _error(constraint, f"{_listed(types)} cannot be compared")
        case Combinations():
            _require(constraint, types, names, CHOICES)
        case OneHot():
            _require(constraint, types, names, {ColumnType.BOOLEAN, ColumnType.INTEGER})
        case Sum():
            _require(constraint, types, names, NUMBERS)
        case Dependency():
            _require(constraint, types, (constraint.key,), CHOICES | NUMBERS)
        case Implication(when=when, then=then):
            for side in (when, then):
                if side.values:
                    _require(constraint, types, (side.column,), CHOICES)
        case Formula():
            if constraint.column in expressions.columns(constraint.expression):
                raise _error(constraint, "a column cannot follow from itself")
            temporal = expressions.temporal(constraint.expression)
            for name in expressions.columns(constraint.expression):
                _require(constraint, types, (name,), MOMENTS if name in temporal else NUMBERS)
            _require(constraint, types, (constraint.column,), NUMBERS)


def _valued(constraint: Constraint) -> tuple[str, ...]:
    """The columns whose values matter, beside whether they are missing."""
    if isinstance(constraint, Implication):
        return tuple(side.column for side in (constraint.when, constraint.then) if side.values)
    return constraint.names


def _comparable(kind: ColumnType) -> str | None:
    if kind in NUMBERS:
        return "number"
    return "moment" if kind in MOMENTS else "time" if kind is ColumnType.TIME else None


def _require(
    constraint: Constraint, types: Mapping[str, ColumnType], names: Iterable[str], allowed: Iterable[ColumnType]
) -> None:
    for name in names:
        if types[name] not in frozenset(allowed):
            wanted = ", ".join(sorted(kind.value for kind in allowed))
            raise _error(constraint, f"{name!r} is of the type {types[name].value}, not {wanted}")


def _derived(constraints: Sequence[Constraint]) -> dict[str, Constraint]:
    """The derived columns, each after those that it follows from."""
    found: dict[str, Constraint] = {}
    for each in constraints:
        name = each.derived
        if name is None:
            continue
        if name in found:
            raise _error(each, f"{name!r} follows from others already: {found[name].text}")
        found[name] = each
    done: dict[str, Constraint] = {}
    while len(done) < len(found):
        ready = [name for name in found if name not in done and not _waits(name, found, done)]
        if not ready:
            circle = next(each for name, each in found.items() if name not in done)
            raise _error(circle, "its columns follow from each other in a circle")
        done |= {name: found[name] for name in ready}
    return done


def _waits(name: str, found: Mapping[str, Constraint], done: Mapping[str, Constraint]) -> bool:
    return any(other != name and other in found and other not in done for other in found[name].names)


def _follows(constraint: Constraint, constraints: Sequence[Constraint]) -> bool:
    """Whether a constraint follows from another one: a part is not larger than its total."""
    return (
        isinstance(constraint, Order)
        and not constraint.strict
        and any(
            isinstance(other, Sum)
            and len(constraint.columns) == 2
            and constraint.columns[1] == other.total
            and constraint.columns[0] in other.parts
            for other in constraints
        )
    )


def _check_roles(constraints: Sequence[Constraint], derived: Mapping[str, Constraint]) -> None:
    summed: dict[str, Constraint] = {}
    for each in constraints:
        for name in tied(each, derived):
            if name in derived:
                raise _error(
                    each, f"{name!r} follows from other columns and cannot be restricted: {derived[name].text}"
                )
        if isinstance(each, Sum):
            for name in tied(each, derived):
                if name in summed:
                    raise _error(each, f"{name!r} is part of another sum: {summed[name].text}")
                summed[name] = each
    for each in constraints:
        for name in each.columns if isinstance(each, Order) else ():
            if name in summed:
                raise _error(each, f"{name!r} is part of a sum and cannot be in an order, too: {summed[name].text}")


def joints(constraints: Iterable[Constraint]) -> list[Joint]:
    """The constraints on which values occur together; those that share several columns are one."""
    found: list[Joint] = []
    for each in constraints:
        if not isinstance(each, Combinations | OneHot | Implication):
            continue
        joint = Joint((each,))
        while other := next((one for one in found if len(set(one.names) & set(joint.names)) > 1), None):
            found.remove(other)
            joint = Joint((*other.constraints, *joint.constraints))
        found.append(joint)
    return found


def _order(names: Sequence[str], constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """The columns so that each follows those which its constraints ask to be drawn before it, else as in the table."""
    before: dict[str, set[str]] = {name: set() for name in names}
    for each in constraints:
        if isinstance(each, Order | Sum):
            chain = tied(each, {})
            for earlier, later in pairwise(chain):
                before[later].add(earlier)
    first = _sorted(before, constraints)
    for joint, entry in entries(joints(constraints), first):
        for name in joint.names:
            if name != entry:
                before[name].add(entry)
    return _sorted(before, constraints)


def _sorted(before: Mapping[str, set[str]], constraints: Sequence[Constraint]) -> tuple[str, ...]:
    done: dict[str, None] = {}
    while len(done) < len(before):
        ready = next((name for name in before if name not in done and before[name] <= done.keys()), None)
        if ready is None:
            left = [name for name in before if name not in done]
            about = next(each for each in constraints if len(set(each.names) & set(left)) > 1)
            raise _error(about, f"the constraints on {', '.join(left)} contradict each other, or are too entangled")
        done[ready] = None
    return tuple(done)


def entries(constraints: Sequence[Joint], order: Sequence[str]) -> list[tuple[Joint, str]]:
    """The column of each constraint through which a walk over all columns enters it.

    Constraints that share columns are walked from the first of these columns on. Each is entered once, through a column
    that the walk has reached. Its other columns must not have been reached by then: a column would depend on two.

    Args:
        constraints: Which values occur together.
        order: All drawn columns.

    Raises:
        RecipeError: The constraints share columns in a circle.
    """
    found: list[tuple[Joint, str]] = []
    waiting = list(constraints)
    reached: set[str] = set()
    for root in order:
        if root in reached or not any(root in each.names for each in waiting):
            continue
        reached.add(root)
        queue = [root]
        while queue:
            entry = queue.pop(0)
            for each in [each for each in waiting if entry in each.names]:
                waiting.remove(each)
                others = [name for name in each.names if name != entry]
                if twice := next((name for name in others if name in reached), None):
                    raise _error(
                        each,
                        f"{entry!r} and {twice!r} are tied to each other by other constraints already: declare one",
                    )
                found.append((each, entry))
                reached.update(others)
                queue += others
    return found


def _listed(types: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({kind.value})" for name, kind in types.items())


def _error(constraint: Constraint | Joint, what: str) -> RecipeError:
    return RecipeError(f"the constraint `{constraint.text}`: {what}")
