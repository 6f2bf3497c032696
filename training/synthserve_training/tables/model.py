"""A learnt table as a model: what it draws, what follows from rules, and its graphs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synthserve_training.models.autoregressive.drawing.absent import Absent
from synthserve_training.models.autoregressive.drawing.categories import CategoryGraph
from synthserve_training.models.autoregressive.drawing.columns import ColumnGraph
from synthserve_training.models.autoregressive.drawing.constraints.derived import Derived
from synthserve_training.models.autoregressive.drawing.constraints.kinds import Constraint
from synthserve_training.models.autoregressive.drawing.dates import DateGraph
from synthserve_training.models.autoregressive.drawing.differences import DifferenceGraph
from synthserve_training.models.autoregressive.drawing.graph import DrawingGraph, drawing_graph
from synthserve_training.models.autoregressive.drawing.groups import GroupGraph
from synthserve_training.models.autoregressive.drawing.numbers import NumberGraph
from synthserve_training.models.autoregressive.drawing.templates import TemplateGraph
from synthserve_training.models.autoregressive.drawing.times import TimeGraph
from synthserve_training.models.autoregressive.scoring.categories import CategoryEncoder
from synthserve_training.models.autoregressive.scoring.columns import ColumnEncoder
from synthserve_training.models.autoregressive.scoring.dates import DateEncoder
from synthserve_training.models.autoregressive.scoring.differences import DifferenceEncoder
from synthserve_training.models.autoregressive.scoring.graph import ScoredColumn, ScoringGraph, scoring_graph
from synthserve_training.models.autoregressive.scoring.groups import GroupEncoder
from synthserve_training.models.autoregressive.scoring.numbers import NumberEncoder
from synthserve_training.models.autoregressive.scoring.templates import TemplateEncoder
from synthserve_training.models.autoregressive.scoring.times import TimeEncoder
from synthserve_training.models.autoregressive.tokens import ColumnCode
from synthserve_training.models.autoregressive.tokens.categories import CategoryCode
from synthserve_training.models.autoregressive.tokens.dates import DateCode
from synthserve_training.models.autoregressive.tokens.differences import DifferenceCode
from synthserve_training.models.autoregressive.tokens.groups import GroupedCode
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.models.autoregressive.tokens.templates import TemplateCode
from synthserve_training.models.autoregressive.weights import Weights
from synthserve_training.models.rules import Rule
from synthserve_training.tables.columns import ColumnOptions, ColumnType


@dataclass(frozen=True)
class TableModel:
    """A learnt table.

    Attributes:
        columns: All columns of the table, in its order.
        code: The tokens of the columns that are learnt.
        weights: Of the network.
        rules: The rules of the other columns, by name.
        delimiter: What separates cells in CSV.
        constraints: What holds in every row.
        derived: The columns that follow from others.
        absent: The columns that are always missing, by name.
    """

    columns: Sequence[ColumnOptions]
    code: TableCode
    weights: Weights
    rules: Mapping[str, Rule]
    delimiter: str = ""
    constraints: Sequence[Constraint] = ()
    derived: Sequence[Derived] = ()
    absent: Mapping[str, Absent] = field(default_factory=dict)

    def graph(self) -> DrawingGraph:
        """The graph that draws rows."""
        rules = {**self.rules, **self.absent}
        made = {*self.code.names, *rules, *(each.name for each in self.derived)}
        names = [each.name for each in self.columns if each.name in made]
        learned = column_graphs(self.columns, self.code)
        return drawing_graph(names, learned, self.weights, rules, self.delimiter, self.constraints, self.derived)

    def scoring_graph(self) -> ScoringGraph | None:
        """The graph that scores rows; None: nothing is learnt."""
        columns = [ScoredColumn(each, _encoder(each)) for each in column_graphs(self.columns, self.code)]
        return scoring_graph(columns, self.weights, self.constraints) if columns else None

    def privacy(self, min_rows: int) -> tuple[str, ...]:
        """For the model card: what the model carries of the data.

        Args:
            min_rows: How many rows a value had to have.
        """
        learned = (
            f"Categories, repeated numbers, bins and extremes are in the model if {min_rows} rows or more have them.",
            "It was trained without differential privacy: the report has the results of attacks on it.",
        )
        shaped = ", ".join(sorted(each.name for each in self.code.columns if isinstance(each, TemplateCode)))
        of_templates = (
            f"Of {shaped}, templates and the words in them are in the model if {min_rows} rows or more have them."
        )
        by_template = (of_templates,) if shaped else ()
        made = sorted(self.rules)
        by_rule = (f"Rules make {', '.join(made)}: nothing of the data is in them.",) if made else ()
        return (*(learned if self.code.columns else ()), *by_template, *by_rule)


def column_graphs(columns: Sequence[ColumnOptions], code: TableCode) -> list[ColumnGraph]:
    """How the columns of a table are drawn, in that order.

    Args:
        columns: All columns of the table.
        code: The tokens of those that are drawn.
    """
    options = {column.name: column for column in columns}
    found: dict[str, ColumnGraph] = {}
    for name in sorted(code.names, key=lambda name: _depth(name, code)):
        found[name] = _column_graph(options[name], code.columns[code.names.index(name)], found)
    return [found[name] for name in code.names]


def _depth(name: str, code: TableCode) -> int:
    """How many columns must be known before a column can be counted from one of them."""
    one = code.columns[code.names.index(name)]
    return 1 + _depth(one.start, code) if isinstance(one, DifferenceCode) else 0


def _column_graph(options: ColumnOptions, code: ColumnCode, known: Mapping[str, ColumnGraph]) -> ColumnGraph:
    if isinstance(code, DifferenceCode):
        start = known[code.start]
        if not isinstance(start, DateGraph | DifferenceGraph):
            raise TypeError(type(start))
        return DifferenceGraph(options, code, start)
    if isinstance(code, CategoryCode):
        return CategoryGraph(options, code)
    if isinstance(code, GroupedCode):
        return GroupGraph(options, code)
    if isinstance(code, TemplateCode):
        return TemplateGraph(options, code)
    if isinstance(code, DateCode):
        return DateGraph(options, code)
    if not isinstance(code, NumberCode):
        raise TypeError(type(code))
    return TimeGraph(options, code) if options.type is ColumnType.TIME else NumberGraph(options, code)


def _encoder(column: ColumnGraph) -> ColumnEncoder:
    match column:
        case CategoryGraph():
            return CategoryEncoder(column.code)
        case GroupGraph():
            return GroupEncoder(column.code)
        case TemplateGraph():
            return TemplateEncoder(column.code, column.schema.max_bytes)
        case DifferenceGraph():
            return DifferenceEncoder(column.code)
        case DateGraph():
            return DateEncoder(column.code)
        case TimeGraph():
            return TimeEncoder(column.code, column.pieces)
        case NumberGraph():
            return NumberEncoder(column.code, whole=column.options.type is ColumnType.INTEGER)
    raise TypeError(type(column))
