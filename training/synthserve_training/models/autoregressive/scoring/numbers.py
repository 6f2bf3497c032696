"""Columns of numbers as tokens, in a graph.

The lattice is cut into pieces of neighbours that have the same tokens. A number's piece is found by binary search; all
else is looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.drawing.limits import Limits, clipped
from synthserve_training.models.autoregressive.drawing.limits.levels import Points, coarser_points
from synthserve_training.models.autoregressive.drawing.limits.ranks import rank_bounds
from synthserve_training.models.autoregressive.scoring.columns import Coded
from synthserve_training.models.autoregressive.search import count_up_to
from synthserve_training.models.autoregressive.tokens import UNKNOWN
from synthserve_training.models.autoregressive.tokens.cells import Cells
from synthserve_training.models.autoregressive.tokens.granularity import likelihoods, points_of
from synthserve_training.models.autoregressive.tokens.numbers import NumberCode
from synthserve_training.models.onnx_graph import GraphBuilder, Value

NO_NUMBER = int(np.iinfo(np.int64).min)
"""What an int64 value is where it is missing in a column that has no validity; NaN is that of a float64 value."""

_NEAR = 0.25
"""How far from a lattice point, in steps, a number still counts as that point, for its rounding."""

_FARTHEST = 2.0**62
"""Ranks are cut off here, so that they fit into int64."""


@dataclass(frozen=True)
class Ranks:
    """Values as ranks.

    Attributes:
        rank: int64 [batch].
        is_number: bool [batch]: false where a value is missing in a column that has no validity; None: never.
        on_lattice: bool [batch]: whether the value is a lattice point, rather than between two; None: always.
    """

    rank: Value
    is_number: Value | None = None
    on_lattice: Value | None = None


@dataclass(frozen=True)
class NumberEncoder:
    """A column of numbers.

    Attributes:
        code: Its tokens.
        whole: Whether the values are int64; else they are float64.
    """

    code: NumberCode
    whole: bool

    def encode(self, graph: GraphBuilder, values: Value, validity: Value | None, limits: Limits | None) -> Coded:
        """See `ColumnEncoder`."""
        ranks = (self._whole_ranks if self.whole else self._ranks)(graph, values)
        return self.encode_ranks(graph, ranks, validity, limits)

    def encode_ranks(self, graph: GraphBuilder, ranks: "Ranks", validity: Value | None, limits: Limits | None) -> Coded:
        """As `encode`, for ranks."""
        rank = ranks.rank
        pieces, tokens = self._pieces, self.code.tokens
        piece = count_up_to(graph, pieces.starts[1:], rank)
        codes = [graph.op("Gather", graph.constant(pieces.codes[:, index]), piece) for index in range(len(tokens))]
        drawable = graph.op("Gather", graph.constant(pieces.drawable), piece)
        held = self._held(graph, rank)
        kind = piece
        if held:
            count = graph.constant(len(self.code.levels), np.int64)
            depth = graph.op("Sum", *(graph.cast(each, np.float64) for each in held))
            kind = graph.op("Add", graph.op("Mul", piece, count), graph.cast(depth, np.int64))
        log_points = graph.op("Gather", graph.constant(pieces.log_points), kind)
        for flag in (ranks.is_number, ranks.on_lattice):
            if flag is not None:
                drawable = graph.op("And", drawable, flag)
        if ranks.is_number is not None:
            unknown = graph.constant(UNKNOWN, np.int64)
            codes = [graph.op("Where", ranks.is_number, code, unknown) for code in codes]
        masks: Sequence[Value | None] = ()
        if limits is not None:
            masks, log_points = self._limited(graph, codes, limits, held)
        if validity is not None:
            missing = [tokens[0].size - 1, UNKNOWN]
            codes = [
                graph.op("Where", validity, code, graph.constant(none, np.int64))
                for code, none in zip(codes, missing, strict=False)
            ]
            drawable = graph.op("Or", drawable, graph.op("Not", validity))
            log_points = graph.op("Where", validity, log_points, graph.constant(0.0, np.float64))
        cell = graph.op("Max", codes[0], graph.constant(0, np.int64))
        return Coded(
            codes,
            [None, cell][: len(tokens)],
            drawable,
            self._floor(graph, rank),
            log_points,
            masks,
            self._units(graph, rank),
        )

    def _limited(
        self, graph: GraphBuilder, codes: Sequence[Value], limits: Limits, held: Sequence[Value]
    ) -> tuple[Sequence[Value | None], Value]:
        """What limits add to the scores of the tokens, and `Coded.log_points`."""
        code, cells = self.code, Cells(self.code)
        bounds = rank_bounds(graph, code.lattice, code.atoms, limits, None, None)
        masks = [bounds.cell_mask(graph, *cells.extents)]
        place = cell = graph.op("Max", codes[0], graph.constant(0, np.int64))
        if code.parts > 1:
            masks.append(bounds.part_mask(graph, *cells.part_extents, cell))
            part = graph.op("Max", codes[1], graph.constant(0, np.int64))
            place = graph.op("Add", graph.op("Mul", cell, graph.constant(code.parts, np.int64)), part)
        start, points = (
            graph.op("Gather", graph.constant(each.reshape(-1)), place) for each in (cells.low, cells.high - cells.low)
        )
        is_bin = graph.op("Gather", graph.constant(code.bin_of >= 0), cell)
        finest = bounds.cut(graph, start, points, is_bin)[1]
        if not held:
            return masks, graph.op("Log", finest)
        coarser = coarser_points(graph, code, place, limits, None, None)
        return masks, graph.op("Neg", graph.op("Log", self._chance(graph, finest, coarser, held)))

    def _held(self, graph: GraphBuilder, rank: Value) -> list[Value]:
        """Whether a rank is on each level but the finest: bool [batch]."""
        found = []
        for level in self.code.levels[1:]:
            moved = graph.op("Sub", rank, graph.constant(level.first, np.int64))
            rest = graph.op("Mod", moved, graph.constant(level.every, np.int64))
            found.append(graph.op("Equal", rest, graph.constant(0, np.int64)))
        return found

    def _chance(self, graph: GraphBuilder, finest: Value, coarser: Sequence[Points], held: Sequence[Value]) -> Value:
        """The probability of a number among those of its part, float64 [batch]: as `granularity.likelihoods` has it.

        Args:
            graph: Where the nodes go.
            finest: float64 [batch]: how many points of the finest level are possible.
            coarser: The possible points of the other levels.
            held: As `_held` finds it.
        """
        zero, one = (graph.constant(number, np.float64) for number in (0.0, 1.0))
        passed, chances = zero, []  # passed: the weights of coarser levels that have no point
        for level, (_, points), on in reversed(list(zip(self.code.levels[1:], coarser, held, strict=True))):
            weight = graph.op("Add", graph.constant(level.weight, np.float64), passed)
            some = graph.op("Greater", points, zero)
            share = graph.op("Div", weight, graph.op("Max", points, one))
            chances.append(graph.op("Where", graph.op("And", some, on), share, zero))
            passed = graph.op("Where", some, zero, weight)
        weight = graph.op("Add", graph.constant(self.code.levels[0].weight, np.float64), passed)
        return graph.op("Sum", graph.op("Div", weight, finest), *chances)

    def _units(self, graph: GraphBuilder, rank: Value) -> Value:
        """The numbers of ranks, times the lattice's scale; those that are never drawn are moved next to those that are.

        So they are small enough for all that limits compute of them.
        """
        lattice = self.code.lattice
        ends = Limits(*(graph.constant(end, np.int64) for end in (self._pieces.hull[0] - 1, self._pieces.hull[1] + 1)))
        near = clipped(graph, rank, ends)
        whole = near if lattice.step == 1 else graph.op("Mul", near, graph.constant(lattice.step, np.int64))
        return graph.op("Add", whole, graph.constant(lattice.offset, np.int64)) if lattice.offset else whole

    def _whole_ranks(self, graph: GraphBuilder, values: Value) -> "Ranks":
        """Of integers, rounded down."""
        lattice = self.code.lattice
        is_number = graph.op("Not", graph.op("Equal", values, graph.constant(NO_NUMBER, np.int64)))
        known = graph.op(
            "Where", is_number, values, graph.constant(int(lattice.values(np.array(self._pieces.hull[0]))), np.int64)
        )
        moved = graph.op("Sub", known, graph.constant(lattice.offset, np.int64)) if lattice.offset else known
        if lattice.step == 1:
            return Ranks(moved, is_number)
        step = graph.constant(lattice.step, np.int64)
        rest = graph.op("Mod", moved, step)
        on_lattice = graph.op("Equal", rest, graph.constant(0, np.int64))
        return Ranks(graph.op("Div", graph.op("Sub", moved, rest), step), is_number, on_lattice)

    def _ranks(self, graph: GraphBuilder, values: Value) -> "Ranks":
        """Of numbers, rounded to the nearest."""
        lattice = self.code.lattice
        low = graph.constant(float(lattice.values(np.array(self._pieces.hull[0]))), np.float64)
        is_number = graph.op("Not", graph.op("IsNaN", values))
        known = graph.op("Where", is_number, values, low)
        scaled = graph.op("Mul", known, graph.constant(float(lattice.scale), np.float64))
        moved = graph.op("Sub", scaled, graph.constant(float(lattice.offset), np.float64))
        place = graph.op("Div", moved, graph.constant(float(lattice.step), np.float64))
        place = graph.op("Clip", place, graph.constant(-_FARTHEST, np.float64), graph.constant(_FARTHEST, np.float64))
        rounded = graph.op("Round", place)
        off = graph.op("Abs", graph.op("Sub", place, rounded))
        near = graph.op("LessOrEqual", off, graph.constant(_NEAR, np.float64))
        return Ranks(graph.cast(rounded, np.int64), is_number, near)

    def _floor(self, graph: GraphBuilder, rank: Value) -> Value:
        """The score of numbers that are never drawn.

        Their share of the rows is spread over all lattice points with the weights N / (3 (N + d) (N + d + 1)). N is the
        number of points from the first to the last that can be drawn, d the distance from these points, in steps. The
        weights add up to less than 1.
        """
        low, high = self._pieces.hull
        count = high - low + 1.0
        place = graph.cast(rank, np.float64)
        below = graph.op("Sub", graph.constant(float(low), np.float64), place)
        above = graph.op("Sub", place, graph.constant(float(high), np.float64))
        distance = graph.op("Max", below, above, graph.constant(0.0, np.float64))
        near, far = (
            graph.op("Log", graph.op("Add", distance, graph.constant(count + more, np.float64))) for more in (0, 1)
        )
        start = graph.constant(np.log(self.code.rare * count / 3), np.float64)
        return graph.op("Sub", start, graph.op("Add", near, far))

    @cached_property
    def _pieces(self) -> "_Pieces":
        code = self.code
        starts = [np.zeros(1, np.int64), code.atoms, code.atoms + 1]
        if len(code.edges):
            starts += [code.point(code.edges[:, :-1].reshape(-1)), code.point(code.edges[-1:, -1] - 1) + 1]
        firsts = np.unique(np.concatenate(starts))
        firsts = np.r_[firsts[0] - 1, firsts]
        codes = np.stack(code.places(firsts)[: len(code.tokens)], axis=1)
        drawable = code.drawable(firsts)
        points = np.ones((len(firsts), max(len(code.levels), 1)), np.int64)
        points[:, 1:] = 0
        cells = codes[:, 0]
        inside = (cells >= 0) & (code.bin_of[cells] >= 0)
        parts = codes[inside, 1] if len(code.tokens) > 1 else np.zeros(int(inside.sum()), np.int64)
        points[inside] = points_of(code, code.levels)[cells[inside], parts]
        log_points = np.log(points[:, 0])
        if code.levels:
            weights = np.array([level.weight for level in code.levels])
            log_points = -np.log(likelihoods(points) @ weights).reshape(-1)
        places = np.flatnonzero(drawable)
        hull = (int(firsts[places[0]]), int(firsts[places[-1] + 1]) - 1) if len(places) else (0, 0)
        return _Pieces(firsts, codes, drawable, log_points, hull)


@dataclass(frozen=True)
class _Pieces:
    """Ranges of ranks: each begins at `starts` and ends before the next; the first has no beginning.

    Attributes:
        starts: int64 [pieces], rising.
        codes: int64 [pieces, tokens].
        drawable: bool [pieces].
        log_points: float64 [pieces], of the cell or part; [pieces * levels], by depth, if the column has levels.
        hull: The first and the last rank that can be drawn.
    """

    starts: NDArray[np.int64]
    codes: NDArray[np.int64]
    drawable: NDArray[np.bool_]
    log_points: NDArray[np.float64]
    hull: tuple[int, int]
