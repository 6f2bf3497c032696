"""The network: one running sum of embeddings, and a small head for each token.

The sum holds an embedding of each column: of its value once it is drawn or told, of the values of a set that is told,
or of "unknown". A head sees the sum without the evidence on its own column: by Bayes' rule, what is told of a column
only restricts its own draw. The form is that of NADE (Larochelle and Murray 2011) with evidence at any place of one
fixed order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.models.autoregressive.tokens import Token
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.models.autoregressive.weights import HeadWeights
from synthserve_training.types import Tensor

_MASKED = -1e9
_SMALLEST_BUCKET = 4
_BLOCK = 32
"""Tokens whose sums are one product of matrices."""
_IN_WAVES, _OUT_WAVES = 24, 12
"""Cosines over the places of codes: codes at near places begin alike, and few rows are enough to learn them."""


@dataclass(frozen=True)
class Widths:
    """The sizes of a network.

    Attributes:
        state: Of the running sum.
        first: Of the first hidden layer of each head.
        second: Of its second one.
    """

    state: int
    first: int
    second: int


SIZES: Mapping[str, Widths] = {"S": Widths(48, 32, 32), "M": Widths(64, 48, 32), "L": Widths(128, 96, 64)}


@dataclass(frozen=True)
class _Bucket:
    """Tokens of similar sizes, whose heads are computed at once."""

    tokens: NDArray[np.int32]
    size: int


class TokenNetwork(keras.Model):  # type: ignore[misc]  # Keras has no types
    """Predicts each token of rows from those before it and from the evidence."""

    def __init__(self, code: TableCode, widths: Widths, marginals: Sequence[NDArray[np.float32]]) -> None:
        """Builds the network.

        Args:
            code: The tokens.
            widths: How large it is.
            marginals: For each token the share of each code, [size]: where the scores start from.
        """
        super().__init__(name="tokens")
        self.code, self.widths = code, widths
        sizes = [token.size for token in code.tokens]
        count, state, first, hidden = len(sizes), widths.state, widths.first, widths.second
        # Row 0 of each token's table: unknown.
        self._starts = np.r_[0, np.cumsum([token.rows for token in code.tokens])].astype(np.int32)
        self._steps = np.array([token.size if token.rows > token.size + 1 else 0 for token in code.tokens], np.int32)
        self._free = np.r_[0, np.cumsum([size + 1 for size in sizes])].astype(np.int32)
        widest = max(sizes[t] for t in code.firsts)
        first_sizes = [(self._free[t] + 1, sizes[t], place * widest) for place, t in enumerate(code.firsts)]
        self._first_rows = np.concatenate([np.arange(row, row + size) for row, size, _ in first_sizes]).astype(np.int32)
        self._first_places = np.concatenate([np.arange(at, at + size) for _, size, at in first_sizes]).astype(np.int32)
        self._shares = np.concatenate([column.shares for column in code.columns]).astype(np.float32) + 1e-6
        self._buckets = _buckets(sizes)

        def normal(*shape: int, scale: float) -> keras.Variable:
            return self.add_weight(shape=shape, initializer=keras.initializers.RandomNormal(stddev=scale))

        def zeros(*shape: int) -> keras.Variable:
            return self.add_weight(shape=shape, initializer="zeros")

        self.embeddings = normal(int(self._free[-1]), state, scale=0.5 / np.sqrt(count))
        self.curves = normal(count, _IN_WAVES, state, scale=0.3 / np.sqrt(count))
        self._in_waves = np.concatenate([_in_waves(token) for token in code.tokens])
        self._of_first = _padded([_in_waves(code.tokens[t])[1:] for t in code.firsts])
        self.first_kernels = normal(count, state, first, scale=np.sqrt(2 / state))
        self.first_biases = zeros(count, 1, first)
        self.second_kernels = normal(count, first, hidden, scale=np.sqrt(2 / first))
        self.second_biases = zeros(count, 1, hidden)
        self.kernels = [normal(len(b.tokens), hidden, b.size, scale=0.1 / np.sqrt(hidden)) for b in self._buckets]
        self.mixes = [normal(len(b.tokens), hidden, _OUT_WAVES, scale=0.1 / np.sqrt(hidden)) for b in self._buckets]
        self._out_waves = [_out_waves(bucket, code.tokens) for bucket in self._buckets]
        self.biases = [zeros(len(bucket.tokens), 1, bucket.size) for bucket in self._buckets]
        for bucket, biases in zip(self._buckets, self.biases, strict=True):
            start = np.full((len(bucket.tokens), 1, bucket.size), _MASKED, np.float32)
            for place, token in enumerate(bucket.tokens):
                start[place, 0, : sizes[token]] = np.log(np.maximum(marginals[token], 1e-5))
            biases.assign(start)
        self.context_scores = {
            index: zeros(token.contexts, token.size) for index, token in enumerate(code.tokens) if token.learned
        }
        self.class_kernels = {
            index: zeros(hidden, int(token.classes.max()) + 1)
            for index, token in enumerate(code.tokens)
            if token.classes is not None
        }
        self.built = True

    def call(self, batch: Mapping[str, Tensor], training: bool = False) -> Tensor:
        """The log-probability of each token of rows.

        Args:
            batch: `codes` and `contexts`, int32 [n, tokens]; `given`, `is_set`, `low`, `high`, [n, columns], and
                `order`, as in `Evidence`.
            training: Of no consequence; Keras passes it.

        Returns:
            float32 [n, tokens]: natural logarithms; 0 for tokens that have no value.
        """
        codes = batch["codes"]
        known = ops.cast(codes >= 0, "int32")
        free = self._free[:-1]
        waves = ops.take(
            self._in_waves, self._starts[:-1] + (codes + 1 + batch["contexts"] * self._steps) * known, axis=0
        )
        own = ops.take(self.embeddings, free + (codes + 1) * known, axis=0)
        own = own + ops.transpose(ops.matmul(ops.transpose(waves, (1, 0, 2)), self.curves), (1, 0, 2))
        unknown = ops.take(self.embeddings, free, axis=0)
        told = self._told(batch, own, unknown)
        states = self._states(own, unknown, told)
        hidden = ops.relu(ops.matmul(ops.transpose(states, (1, 0, 2)), self.first_kernels) + self.first_biases)
        hidden = ops.relu(ops.matmul(hidden, self.second_kernels) + self.second_biases)
        return self._log_probabilities(hidden, codes, batch["contexts"])

    def unregularised(self) -> list[keras.Variable]:
        """The variables that weight decay leaves alone."""
        scores = [*self.context_scores.values(), *self.class_kernels.values()]
        return [self.first_biases, self.second_biases, *self.biases, *scores]

    def exported(self) -> list[HeadWeights]:
        """The present weights of each token."""
        arrays: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
        for bucket, kernels, biases in zip(self._buckets, self._all_kernels(), self.biases, strict=True):
            for place, token in enumerate(bucket.tokens):
                size = self.code.tokens[token].size
                arrays[int(token)] = (_array(kernels)[place, :, :size], _array(biases)[place, 0, :size])
        free, curves = _array(self.embeddings), _array(self.curves)
        tables = []
        for index, token in enumerate(self.code.tokens):
            mine = free[self._free[index] : self._free[index + 1]]
            codes = np.tile(mine[1:], ((token.rows - 1) // token.size, 1))
            tables.append(np.concatenate([mine[:1], codes]) + _in_waves(token) @ curves[index])
        first, first_bias = _array(self.first_kernels), _array(self.first_biases)
        second, second_bias = _array(self.second_kernels), _array(self.second_biases)
        return [
            HeadWeights(
                tables[t],
                (first[t], first_bias[t, 0]),
                (second[t], second_bias[t, 0]),
                arrays[t],
                _array(self.context_scores[t]) if t in self.context_scores else None,
                _array(self.class_kernels[t]) if t in self.class_kernels else None,
            )
            for t in range(len(self.code.tokens))
        ]

    def _first_table(self) -> Tensor:
        """The embeddings of all codes of first tokens, one column after the other: [codes, state]."""
        curves = ops.matmul(self._of_first, ops.take(self.curves, self.code.firsts.astype(np.int32), axis=0))
        flat = ops.reshape(curves, (-1, self.widths.state))
        return ops.take(self.embeddings, self._first_rows, axis=0) + ops.take(flat, self._first_places, axis=0)

    def _all_kernels(self) -> list[Tensor]:
        """The last kernels of each bucket: free ones, and for codes with places smooth curves more."""
        return [
            kernels + ops.matmul(mix, waves)
            for kernels, mix, waves in zip(self.kernels, self.mixes, self._out_waves, strict=True)
        ]

    def _told(self, batch: Mapping[str, Tensor], own: Tensor, unknown: Tensor) -> Tensor:
        """The embedding of the evidence on each column, [n, columns, state]."""
        values = _column_sums(own, self.code)
        unknowns = _column_sums(unknown[None], self.code)
        first = self._first_table()
        shares = ops.take(self._shares, batch["order"])
        ordered = ops.take(first, batch["order"], axis=0) * shares[:, None]
        sums = ops.concatenate([ops.zeros_like(ordered[:1]), ops.cumsum(ordered, axis=0)], axis=0)
        weights = ops.concatenate([ops.zeros_like(shares[:1]), ops.cumsum(shares)], axis=0)
        total = ops.take(sums, batch["high"], axis=0) - ops.take(sums, batch["low"], axis=0)
        weight = ops.take(weights, batch["high"]) - ops.take(weights, batch["low"])
        sets = total / weight[..., None] + (unknowns - ops.take(unknown, self.code.firsts, axis=0))
        given, is_set = batch["given"][..., None], batch["is_set"][..., None]
        return given * values + is_set * sets + (1 - given - is_set) * unknowns

    def _states(self, own: Tensor, unknown: Tensor, told: Tensor) -> Tensor:
        """What each head sees, [n, tokens, state]."""
        columns, firsts = self.code.column_of, self.code.firsts
        unknowns = _column_sums(unknown[None], self.code)
        change = _column_sums(own, self.code) - told
        before = _sums_before(change)
        base = ops.sum(told, axis=1, keepdims=True) + before - told + unknowns
        step = own - unknown
        within = _sums_before(step)
        within = within - ops.take(within, firsts[columns], axis=1)
        return ops.take(base, columns, axis=1) + within

    def _log_probabilities(self, hidden: Tensor, codes: Tensor, contexts: Tensor) -> Tensor:
        found: list[Tensor] = [None] * len(self.code.tokens)
        for bucket, kernels, biases in zip(self._buckets, self._all_kernels(), self.biases, strict=True):
            inputs = hidden if len(bucket.tokens) == len(self.code.tokens) else ops.take(hidden, bucket.tokens, axis=0)
            scores = ops.matmul(inputs, kernels) + biases
            plain = [place for place, token in enumerate(bucket.tokens) if not self._has_contexts(token)]
            if plain:
                whole = (
                    scores if len(plain) == len(bucket.tokens) else ops.take(scores, np.array(plain, np.int32), axis=0)
                )
                tokens = bucket.tokens[plain]
                picked = _picked(ops.log_softmax(whole), ops.transpose(ops.take(codes, tokens, axis=1)))
                for place, token in enumerate(tokens):
                    found[token] = picked[place]
            for place, token in enumerate(bucket.tokens):
                if self._has_contexts(token):
                    scored = scores[place] + self._context_scores(int(token), hidden, contexts[:, token], bucket.size)
                    found[token] = _picked(ops.log_softmax(scored), codes[:, token])
        return ops.stack(found, axis=1)

    def _has_contexts(self, token: int) -> bool:
        one = self.code.tokens[token]
        return one.allowed is not None or one.classes is not None

    def _context_scores(self, index: int, hidden: Tensor, context: Tensor, size: int) -> Tensor:
        """What is added to the scores of a token because of its context, [n, size]."""
        token = self.code.tokens[index]
        added = 0.0
        if token.allowed is not None:
            table = np.where(token.allowed, 0.0, _MASKED).astype(np.float32)
            learned = self.context_scores[index] if token.learned else 0.0
            added = ops.take(learned + table, context, axis=0)
        if token.classes is not None:
            classes = ops.matmul(hidden[index], self.class_kernels[index])
            added = added + ops.take_along_axis(classes, ops.take(token.classes, context, axis=0), axis=1)
        return ops.pad(added, ((0, 0), (0, size - token.size)))


def _waves(places: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Cosines of rising frequency at places, [n] to [n, count]; 0 where a code has no place."""
    number = np.arange(1, count + 1)
    values = np.cos(np.pi * number * places.astype(np.float64)[:, None]) / np.sqrt(number)
    return np.nan_to_num(values, nan=0.0).astype(np.float32)


def _in_waves(token: Token) -> NDArray[np.float32]:
    """The cosines at the places of a token's embeddings, [rows, waves]; 0 for "unknown", and without places."""
    if token.places is None:
        return np.zeros((token.rows, _IN_WAVES), np.float32)
    return np.concatenate([np.zeros((1, _IN_WAVES), np.float32), _waves(token.places.reshape(-1), _IN_WAVES)])


def _padded(arrays: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stacks arrays of different lengths, with zeros at their ends."""
    longest = max(map(len, arrays))
    return np.stack([np.pad(array, ((0, longest - len(array)), (0, 0))) for array in arrays])


def _out_waves(bucket: _Bucket, tokens: Sequence[Token]) -> NDArray[np.float32]:
    """For each token of a bucket the cosines at its codes, [tokens, waves, size]; 0 where codes have no places."""
    waves = np.zeros((len(bucket.tokens), _OUT_WAVES, bucket.size), np.float32)
    for row, index in zip(waves, bucket.tokens, strict=True):
        token = tokens[index]
        if token.places is not None:
            even = (np.arange(token.size, dtype=np.float32) + 0.5) / token.size
            row[:, : token.size] = _waves(token.places[0] if len(token.places) == 1 else even, _OUT_WAVES).T
    return waves


def _array(variable: Tensor) -> NDArray[np.float32]:
    return np.asarray(variable, np.float32)


def _column_sums(values: Tensor, code: TableCode) -> Tensor:
    """The sum over the tokens of each column: [n, tokens, state] to [n, columns, state]."""
    if len(code.tokens) == len(code.columns):
        return values
    sums = _sums_before(values) + values
    lasts = np.r_[code.firsts[1:], len(code.tokens)] - 1
    ends = ops.take(sums, lasts.astype(np.int32), axis=1)
    return ops.concatenate([ends[:, :1], ends[:, 1:] - ends[:, :-1]], axis=1)


def _sums_before(values: Tensor) -> Tensor:
    """The sum over the tokens before each one, [n, tokens, state].

    On a CPU, a product with a triangular matrix for each block takes a third of the time of XLA's cumulative sum.
    """
    count, width = values.shape[1:]
    blocks = -(-count // _BLOCK)
    padded = ops.pad(values, ((0, 0), (0, blocks * _BLOCK - count), (0, 0)))
    padded = ops.reshape(padded, (-1, blocks, _BLOCK, width))
    within = ops.matmul(np.tril(np.ones((_BLOCK, _BLOCK), np.float32), -1), padded)
    if blocks > 1:
        totals = ops.sum(padded, axis=2)
        within = within + (ops.cumsum(totals, axis=1) - totals)[:, :, None]
    return ops.reshape(within, (-1, blocks * _BLOCK, width))[:, :count]


def _picked(scores: Tensor, codes: Tensor) -> Tensor:
    """The score of each code, 0 where the code is unknown: [..., size] and [...] to [...]."""
    known = codes >= 0
    picked = ops.take_along_axis(scores, ops.maximum(codes, 0)[..., None], axis=-1)[..., 0]
    return ops.where(known, picked, 0.0)


def _buckets(sizes: Sequence[int]) -> list[_Bucket]:
    """Groups tokens by size, rounded up to powers of two."""
    rounded = [max(_SMALLEST_BUCKET, 1 << (size - 1).bit_length()) for size in sizes]
    return [
        _Bucket(
            np.array([t for t, each in enumerate(rounded) if each == size], np.int32),
            max(s for s, each in zip(sizes, rounded, strict=True) if each == size),
        )
        for size in sorted(set(rounded))
    ]
