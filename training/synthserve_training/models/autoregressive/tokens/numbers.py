"""Columns of numbers: a token for the cell, a token for the place within it, and a lattice point within that.

A cell is an atom, which is one number that many rows have, or a bin of all other numbers between two quantiles. So
values that repeat in the data repeat in what is drawn, and the rest keeps its distribution.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import LEAST_RARE, UNKNOWN, Encoded, Token, rare_share, tails
from synthserve_training.models.autoregressive.tokens.lattice import Lattice, Level
from synthserve_training.models.autoregressive.tokens.tails import Tail
from synthserve_training.tables.typed import TypedColumn

_MOST_ATOMS = 256
_MOST_SPIKES = 128
_SPIKE_SHARE = 0.0005
_SPIKE_HEIGHT = 3.0
_BINS, _PARTS = 32, 16


@dataclass(frozen=True)
class NumberCode:
    """A column of numbers on a lattice.

    Ranks are lattice points. Free ranks number the lattice points that are no atoms: bins consist of them.

    Attributes:
        name: The column's name.
        lattice: The numbers of ranks.
        atoms: int64 [atoms], ranks, rising.
        edges: int64 [bins, parts + 1], free ranks: part `f` of bin `b` has those from `edges[b, f]` to before
            `edges[b, f + 1]`. Unused parts at the end of a bin are empty.
        tails: bool [bins]: whether a bin is extrapolated. Its rows have no part.
        missing: Whether the value can be missing; its code is the last one.
        shares: As in `ColumnCode`.
        part_shares: float32 [bins, parts]: the share of each part in the rows of its bin.
        rare: As in `ColumnCode`: of numbers that are no atoms and in no bin, and of missing values without a code.
        levels: What the numbers of a part are drawn from, see `granularity`. The first has all lattice points, and each
            has those of the next one. None: all numbers of a part are equally likely.
    """

    name: str
    lattice: Lattice
    atoms: NDArray[np.int64]
    edges: NDArray[np.int64]
    tails: NDArray[np.bool_]
    missing: bool
    shares: NDArray[np.float32]
    part_shares: NDArray[np.float32]
    rare: float = LEAST_RARE
    levels: tuple[Level, ...] = ()

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """[atoms + bins]: the cell of each code. Atom `a` is `a`, bin `b` is `atoms + b`; codes rise with values."""
        starts = self.point(self.edges[:, 0]) if len(self.edges) else np.zeros(0, np.int64)
        return np.lexsort((np.r_[np.ones(len(self.atoms)), np.zeros(len(starts))], np.r_[self.atoms, starts]))

    @property
    def parts(self) -> int:
        """How many parts a bin has at most."""
        return self.edges.shape[1] - 1 if len(self.edges) else 0

    @property
    def ordered(self) -> int:
        """All codes but that of the missing value are ordered."""
        return len(self.order)

    @cached_property
    def bin_of(self) -> NDArray[np.int64]:
        """[codes of the first token]: the bin of each code, -1 for atoms and the missing value."""
        bins = np.where(self.order >= len(self.atoms), self.order - len(self.atoms), -1)
        of_codes: NDArray[np.int64] = np.r_[bins, np.full(int(self.missing), -1)].astype(np.int64)
        return of_codes

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The cell and, where there are bins of several parts, the part."""
        size = len(self.order) + self.missing
        shares = np.full(size, 1 / max(size, 1)) if not len(self.shares) else self.shares.astype(np.float64)
        before = np.cumsum(shares) - shares
        within = (np.arange(max(self.parts, 1)) + 0.5) / max(self.parts, 1)
        places = before[:, None] + shares[:, None] * within
        middles = before + shares / 2
        if self.missing:
            middles[-1] = places[-1] = np.nan
        cell = Token(self.name, size, places=middles[None].astype(np.float32))
        if self.parts < 2:
            return (cell,)
        allowed = np.ones((size, self.parts), np.bool_)
        allowed[self.bin_of >= 0] = (np.diff(self.edges, axis=1) > 0)[self.bin_of[self.bin_of >= 0]]
        return (cell, Token(f"{self.name}:part", self.parts, allowed, places=places.astype(np.float32)))

    def context(self, index: int, codes: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """See `ColumnCode`: bins have parts."""
        cells = codes[:, 0]
        return self.bin_of[cells] >= 0, cells

    def free(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many lattice points before each rank are no atoms, counted from rank 0."""
        return ranks - np.searchsorted(self.atoms, ranks)

    def point(self, free: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rank of each free rank."""
        return free + np.searchsorted(self.atoms - np.arange(len(self.atoms)), free, side="right")

    def drawable(self, ranks: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each rank is an atom or lies within a bin."""
        found = np.isin(ranks, self.atoms)
        if len(self.edges):
            free = self.free(ranks)
            found |= (free >= self.edges[0, 0]) & (free < self.edges[-1, -1])
        return found

    def encode(self, column: TypedColumn) -> Encoded:
        """Encodes values of the column."""
        values = (
            column.values
            if np.issubdtype(column.values.dtype, np.integer)
            else np.where(column.valid, column.values, 0)
        )
        return self.encode_ranks(self.lattice.ranks(values), column.valid)

    def places(self, ranks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The code of the cell that each rank lies in or next to, and of its part: `UNKNOWN` for atoms.

        Args:
            ranks: [n].
        """
        code_of = np.argsort(self.order)
        place = np.searchsorted(self.atoms, ranks)
        is_atom = np.zeros(len(ranks), np.bool_)
        if len(self.atoms):
            is_atom = self.atoms[np.minimum(place, len(self.atoms) - 1)] == ranks
        cells = np.full(len(ranks), UNKNOWN, np.int64)
        parts = np.full(len(ranks), UNKNOWN, np.int64)
        if len(self.edges):
            flat = self.edges[:, 0]
            free = np.clip(ranks - place, flat[0], self.edges[-1, -1] - 1)
            bins = np.searchsorted(flat, free, side="right") - 1
            cells = code_of[len(self.atoms) + bins]
            for part in range(self.parts):
                parts = np.where(free >= self.edges[bins, part], part, parts)
            # An empty part begins where the one before it ends: the last part that is not empty is meant.
            last = (np.diff(self.edges, axis=1) > 0).sum(axis=1) - 1
            parts = np.minimum(parts, last[bins])
        if len(self.atoms):
            cells = np.where(is_atom, code_of[np.minimum(place, len(self.atoms) - 1)], cells)
        return cells, np.where(is_atom, UNKNOWN, parts)

    def encode_ranks(self, ranks: NDArray[np.int64], valid: NDArray[np.bool_]) -> Encoded:
        """Encodes ranks. Numbers outside of all bins go into the nearest one.

        Args:
            ranks: [n].
            valid: [n]: false where the value is missing.
        """
        cells, parts = self.places(ranks)
        if len(self.edges):
            bins = self.bin_of[cells]
            parts = np.where((bins >= 0) & self.tails[bins], UNKNOWN, parts)
        missing = len(self.order) if self.missing else UNKNOWN
        cells = np.where(valid, cells, missing)
        parts = np.where(valid, parts, UNKNOWN)
        codes = np.stack([cells, parts][: len(self.tokens)], axis=1).astype(np.int32)
        contexts = np.stack([np.zeros_like(cells), np.maximum(cells, 0)][: len(self.tokens)], axis=1).astype(np.int32)
        return Encoded(codes, contexts)


def fit(
    name: str,
    lattice: Lattice,
    ranks: NDArray[np.int64],
    valid: NDArray[np.bool_],
    min_rows: int,
    *,
    extrapolate: bool = False,
    dense: bool = False,
) -> NumberCode:
    """Finds atoms and bins.

    No atom, bin or part has fewer than `min_rows` rows, no edge is a value of a row (edges lie between neighbours),
    and the outermost `min_rows` rows lie outside the bins, so that no extreme is published.

    Args:
        name: The column's name.
        lattice: Of the ranks.
        ranks: [n].
        valid: [n]: false where the value is missing.
        min_rows: At least 1.
        extrapolate: Whether numbers beyond the bins are drawn, see `tails`.
        dense: Whether all numbers between two that can be drawn can be, too: bins of few rows or none fill the gaps.
    """
    present = np.sort(ranks[valid])
    missing_rows = int((~valid).sum())
    missing = missing_rows >= min_rows
    atoms = _atoms(present, min_rows)
    rest = present[~np.isin(present, atoms)]
    edges, extrapolated = _edges(rest, atoms, lattice, min_rows, extrapolate=extrapolate)
    if dense:
        edges, extrapolated = _filled(edges, extrapolated, atoms)
    nothing = np.zeros(0, np.float32)
    sketch = NumberCode(name, lattice, atoms, edges, extrapolated, missing, nothing, np.zeros((0, 0), np.float32))
    encoded = sketch.encode_ranks(ranks, valid)
    size = sketch.tokens[0].size
    counts = np.bincount(encoded.codes[:, 0][encoded.codes[:, 0] >= 0], minlength=size).astype(np.float64)
    part_shares = np.ones((len(edges), max(sketch.parts, 1)))
    if sketch.parts > 1:
        inside = encoded.codes[:, 1] >= 0
        bins = sketch.bin_of[encoded.codes[inside, 0]]
        part_shares = np.where(extrapolated[:, None], np.diff(edges, axis=1) > 0, 0.0)
        np.add.at(part_shares, (bins, encoded.codes[inside, 1]), 1.0)
        part_shares[part_shares.sum(axis=1) == 0, 0] = 1.0
    part_shares /= np.maximum(part_shares.sum(axis=1, keepdims=True), 1.0)
    shares = (counts / max(counts.sum(), 1.0)).astype(np.float32)
    rare = rare_share(int((~sketch.drawable(present)).sum()) + missing_rows * (not missing), len(ranks))
    return NumberCode(name, lattice, atoms, edges, extrapolated, missing, shares, part_shares.astype(np.float32), rare)


def _atoms(present: NDArray[np.int64], min_rows: int) -> NDArray[np.int64]:
    """The numbers that are cells of their own: all that repeat, if they are few; else those that stick out."""
    distinct, counts = np.unique(present, return_counts=True)
    common = counts >= min_rows
    if common.sum() <= _MOST_ATOMS and counts[common].sum() >= len(present) / 2:
        return distinct[common]
    window = max(min_rows, len(present) // 200)
    firsts = np.searchsorted(present, distinct)
    low = present[np.maximum(firsts - window, 0)]
    high = present[np.minimum(firsts + counts + window, len(present)) - 1]
    around = np.minimum(firsts, window) + np.minimum(len(present) - firsts - counts, window)
    density = around / np.maximum(high - low, 1)
    least = max(min_rows, int(np.ceil(_SPIKE_SHARE * len(present))))
    spikes = (counts >= least) & (counts >= _SPIKE_HEIGHT * density)
    chosen = np.flatnonzero(spikes)
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")[:_MOST_SPIKES]]
    return np.sort(distinct[chosen])


def _edges(
    rest: NDArray[np.int64], atoms: NDArray[np.int64], lattice: Lattice, min_rows: int, *, extrapolate: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The edges of bins and their parts, [bins, parts + 1], and whether each is extrapolated.

    There are no bins where there are too few rows.

    Args:
        rest: [m], rising: the ranks that are no atoms.
        atoms: Ranks, rising.
        lattice: Of the ranks.
        min_rows: How many rows each part has at least.
        extrapolate: Whether there are tails.
    """
    free = rest - np.searchsorted(atoms, rest)
    rows = len(free)
    if rows < min_rows:
        return np.zeros((0, 1), np.int64), np.zeros(0, np.bool_)
    bins = max(1, min(_BINS, rows // min_rows))
    parts = max(1, min(_PARTS, rows // bins // min_rows))
    hull = _hull(free, min_rows)
    inside = free[(free >= hull[0]) & (free < hull[1])]
    if len(inside) < min_rows and len(np.unique(inside)) < 2:  # bins would publish the number of a few rows
        return np.zeros((0, 1), np.int64), np.zeros(0, np.bool_)
    below, above = (
        _tail(find(rest, atoms, lattice, min_rows, parts), atoms) if extrapolate else None
        for find in (tails.lower, tails.upper)
    )
    if below is not None:
        hull, free = (int(below.edges[-1]), hull[1]), free[below.rows :]
    if above is not None:
        hull, free = (hull[0], int(above.edges[0])), free[: -above.rows]
    inner = np.clip(free, hull[0], hull[1] - 1)
    coarse = _cuts(inner, bins, min_rows, hull)
    table = []
    for low, high in pairwise(coarse):
        cell = inner[np.searchsorted(inner, low) : np.searchsorted(inner, high)]
        fine = _cuts(cell, parts, min_rows, (low, high))
        table.append(_padded(fine, parts + 1))
    if below is not None:
        table.insert(0, _padded(below.edges, parts + 1))
    if above is not None:
        table.append(_padded(above.edges, parts + 1))
    edges = np.array(table, np.int64)
    extrapolated = np.zeros(len(edges), np.bool_)
    extrapolated[:1], extrapolated[-1:] = below is not None, above is not None
    used = int((np.diff(edges, axis=1) > 0).sum(axis=1).max())
    return edges[:, : used + 1], extrapolated


def _tail(tail: Tail | None, atoms: NDArray[np.int64]) -> Tail | None:
    """A tail with edges that count the ranks without atoms; None where all its ranks are atoms."""
    if tail is None:
        return None
    edges = np.unique(tail.edges - np.searchsorted(atoms, tail.edges))
    return Tail(tail.rows, edges) if len(edges) > 1 else None


def _filled(
    edges: NDArray[np.int64], extrapolated: NDArray[np.bool_], atoms: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Adds bins of all numbers between atoms that are in no bin."""
    if not len(atoms):
        return edges, extrapolated
    low, high = int(atoms[0]), int(atoms[-1]) - len(atoms) + 1  # free ranks, from the first atom to before the last
    gaps = [(low, int(edges[0, 0])), (int(edges[-1, -1]), high)] if len(edges) else [(low, high)]
    found = [_padded(np.array(gap), max(edges.shape[1], 2))[None] for gap in gaps if gap[0] < gap[1]]
    if not found:
        return edges, extrapolated
    table = np.concatenate([*found, *([edges] if len(edges) else [])])
    order = np.argsort(table[:, 0], kind="stable")
    return table[order], np.r_[np.zeros(len(found), np.bool_), extrapolated][order]


def _padded(edges: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    padded: NDArray[np.int64] = np.r_[edges, np.full(size - len(edges), edges[-1])]
    return padded


def _hull(free: NDArray[np.int64], min_rows: int) -> tuple[int, int]:
    """The first free rank of the first bin, and the one after the last."""
    if min_rows == 1:
        return int(free[0]), int(free[-1]) + 1
    outer = min(min_rows, (len(free) + 1) // 2)
    low = -((-int(free[outer - 1]) - int(free[min(outer, len(free) - 1)])) // 2)
    high = (int(free[-outer]) + int(free[max(-outer - 1, -len(free))])) // 2 + 1
    return (low, high) if low < high else (low, low + 1)


def _cuts(values: NDArray[np.int64], count: int, min_rows: int, hull: tuple[int, int]) -> NDArray[np.int64]:
    """Edges of about `count` quantile cells, each with at least `min_rows` rows; edges lie between distinct values."""
    distinct, counts = np.unique(values, return_counts=True)
    target = len(values) / count
    edges, rows, done = [hull[0]], 0, 0
    left = len(values)
    for index in range(len(distinct) - 1):
        rows += int(counts[index])
        after = left - rows
        # Closer to the next multiple of the target now than after the next value?
        goal = target * (len(edges)) - done
        step = int(counts[index + 1])
        if rows >= min_rows and after >= min_rows and (rows >= goal or goal - rows <= rows + step - goal):
            edges.append(int(distinct[index] + distinct[index + 1] + 1) // 2)
            done, left, rows = done + rows, after, 0
    return np.array([*edges, hull[1]], np.int64)
