"""Trains the network of a table: batches with random evidence, until the held-out bits per row no longer fall.

The bits per row of held-out rows are computed without evidence, in the fixed order: the same number for the same
weights. The weights that are kept are a moving average of those that are trained, at its best.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from synthserve_training.errors import RunError
from synthserve_training.models.autoregressive.evidence import Evidence, EvidenceSampler
from synthserve_training.models.autoregressive.network import TokenNetwork, Widths
from synthserve_training.models.autoregressive.tokens import Encoded
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.train.averaging import WeightAverage
from synthserve_training.train.backends import Turn, compile_function, compile_steps
from synthserve_training.train.objectives import Player
from synthserve_training.types import Progress, Tensor, no_progress

_PLAYER = "network"
_LOWER = 1 / 3
_MOST_STEPS, _PATIENT_STEPS = 6_000, 125
_DECAY = 50.0
"""The weight decay of one row: 0.3 for Adult, 2 for hundreds of rows. Measured: half or twice as much is worse."""

_LEAST_GAIN = 2e-4
"""The share of the bits that makes a gain worth the time of `patience` epochs."""

_USUAL_EPOCHS = 8
"""Most trainings end after about so many times `patience` epochs: an estimate of the time left counts with that."""
_TRAINING = "training"

_PARTS = 2
"""The parts of a batch that are computed at once. More cores do not change what is learnt."""

_SCORED = 256
"""Rows that are scored at once: what their layers hold fits into a core's cache."""


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        batch_size: Rows of a step.
        learning_rate: The highest. Where the bits per row no longer fall, training goes on from the best weights with
            a third of it.
        weight_decay: Of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), on kernels and embeddings.
        average_decay: What the average of the weights keeps in a step.
        epochs: How many there are at most.
        patience: After so many epochs without a gain worth its time, the rate is lowered.
        rates: How many rates there are; after the last one, training ends.
        seconds: Training ends after so much time; None: it does not.
    """

    batch_size: int = 512
    learning_rate: float = 4e-3
    weight_decay: float = 0.3
    average_decay: float = 0.995
    epochs: int = 16
    patience: int = 2
    rates: int = 2
    seconds: float | None = None


def plan_for(rows: int, seconds: float | None = None) -> Plan:
    """The plan for a number of training rows: about as many steps for small tables as for large ones.

    Tables with many columns can need all epochs; the others end long before, by `patience`.
    """
    batch_size = max(32, min(512, 1 << int(math.log2(max(rows // 40, 1)) if rows >= 40 else 5)))
    steps = -(-rows // batch_size)
    epochs = max(20, min(400, round(_MOST_STEPS / steps)))
    patience = max(2, min(20, _PATIENT_STEPS // steps))
    decay = min(2.0, max(0.1, _DECAY / math.sqrt(rows)))
    return Plan(batch_size=batch_size, weight_decay=decay, epochs=epochs, patience=patience, seconds=seconds)


@dataclass
class State:
    """What training has reached: it goes on from here.

    Attributes:
        epoch: Epochs done.
        seconds: Time spent.
        best: The fewest bits per row, and the epoch that reached it.
        gained: The fewest bits per row, and the epoch that reached it, leaving out gains that are too small.
        lowered: The epochs after which the rate was lowered.
        log: A row for each epoch.
    """

    epoch: int = 0
    seconds: float = 0.0
    best: tuple[float, int] = (math.inf, 0)
    gained: tuple[float, int] = (math.inf, 0)
    lowered: list[int] = field(default_factory=list)
    log: list[Mapping[str, float]] = field(default_factory=list)

    @classmethod
    def of(cls, log: Sequence[Mapping[str, float]], plan: Plan) -> "State":
        """What a training by a plan has reached whose log has these rows."""
        state = cls()
        for row in log:
            state.add(row, plan)
        return state

    def add(self, row: Mapping[str, float], plan: Plan) -> bool:
        """Adds an epoch; returns whether it is the best so far."""
        self.epoch, self.seconds = self.epoch + 1, row["seconds"]
        self.log.append(row)
        better = row["held_out"] < self.best[0]
        if better:
            self.best = (row["held_out"], self.epoch)
        if row["held_out"] < self.gained[0] * (1 - _LEAST_GAIN):
            self.gained = (row["held_out"], self.epoch)
        idle = self.epoch - max([self.gained[1], *self.lowered])
        late = plan.seconds is not None and self.seconds > plan.seconds * _shares(plan.rates)[len(self.lowered)]
        if idle >= plan.patience or late:
            self.lowered.append(self.epoch)
        return better

    def finished(self, plan: Plan) -> bool:
        """Whether the plan is done."""
        return self.epoch >= plan.epochs or len(self.lowered) >= plan.rates


def _shares(rates: int) -> list[float]:
    """The shares of a limited time after which the rate is lowered at the latest."""
    return [1 - 0.25 * (rates - 1 - rate) / max(rates - 1, 1) for rate in range(rates)]


class TableTrainer:
    """A network in training.

    Attributes:
        code: The tokens.
        plan: How it is trained.
        state: What it has reached.
    """

    def __init__(
        self, code: TableCode, widths: Widths, rows: Encoded, held_out: Encoded, plan: Plan, seed: int
    ) -> None:
        """Builds the network.

        Args:
            code: The tokens.
            widths: The size of the network.
            rows: The training rows.
            held_out: Rows that say when to stop.
            plan: How to train.
            seed: Of weights, order and evidence.
        """
        keras.utils.set_random_seed(seed)
        self.code, self.plan, self.state = code, plan, State()
        self._rows, self._held_out, self._seed = rows, held_out, seed
        marginals = _marginals(code, rows)
        self._network = TokenNetwork(code, widths, marginals)
        self._average = TokenNetwork(code, widths, marginals)
        self._average.set_weights(self._network.get_weights())
        self._best = TokenNetwork(code, widths, marginals)
        self._best.set_weights(self._network.get_weights())
        self._evidence = EvidenceSampler(code)
        self._optimizer = keras.optimizers.AdamW(
            plan.learning_rate, weight_decay=plan.weight_decay, beta_2=0.99, clipnorm=1.0
        )
        self._optimizer.exclude_from_weight_decay(var_list=self._network.unregularised())
        self._optimizer.build(self._network.trainable_variables)
        player = Player(_PLAYER, (self._network,), self._optimizer, self._loss, 0)
        self._steps = compile_steps(
            [player], WeightAverage(self._network, plan.average_decay, self._average), parts=_PARTS
        )
        self._score = compile_function(self._average)

    def train(self, progress: Progress = no_progress, checkpoint: Callable[[], None] = lambda: None) -> None:
        """Trains until the bits no longer fall, the epochs are done, or the time is up.

        Args:
            progress: Called after each step.
            checkpoint: Called after each epoch.

        Raises:
            RunError: The loss is no longer finite.
        """
        while not self.finished():
            started = time.monotonic()
            loss = self._epoch(progress)
            epoch, bits = self.state.epoch + 1, self.bits(self._held_out)
            if not math.isfinite(bits):
                raise RunError(f"training diverged in epoch {epoch}")
            seconds = self.state.seconds + time.monotonic() - started
            before = len(self.state.lowered)
            if self.state.add({"epoch": epoch, "loss": loss, "held_out": bits, "seconds": seconds}, self.plan):
                self._best.set_weights(self._average.get_weights())
            if len(self.state.lowered) > before:
                self._network.set_weights(self._best.get_weights())
                self._average.set_weights(self._best.get_weights())
            checkpoint()
        progress(_TRAINING, self._steps_at_most, self._steps_at_most)

    def finished(self) -> bool:
        """Whether there is nothing left to train."""
        return self.state.finished(self.plan)

    def trained(self) -> TokenNetwork:
        """The network with the best weights."""
        return self._best

    def bits(self, rows: Encoded) -> float:
        """The mean bits per row without evidence."""
        total, size = 0.0, _SCORED
        for start in range(0, len(rows.codes), size):
            codes, contexts = rows.codes[start : start + size], rows.contexts[start : start + size]
            count = len(codes)
            if count < size:  # all batches have one shape, so that one program is compiled
                codes = np.pad(codes, ((0, size - count), (0, 0)), constant_values=-1)
                contexts = np.pad(contexts, ((0, size - count), (0, 0)))
            batch = _batch(codes, contexts, self._evidence.none(size))
            total -= float(np.asarray(self._score(batch), np.float64)[:count].sum())
        return total / max(len(rows.codes), 1) / math.log(2)

    def variables(self) -> Mapping[str, list[keras.Variable]]:
        """Everything that training changes, for checkpoints."""
        return {
            "network": self._network.variables,
            "average": self._average.variables,
            "best": self._best.variables,
            "optimizer": self._optimizer.variables,
        }

    def _loss(
        self, batch: Mapping[str, Tensor], _noise: Tensor, _schedule: Mapping[str, Tensor]
    ) -> Mapping[str, Tensor]:
        return {"loss": -ops.mean(ops.sum(self._network(batch, training=True), axis=1))}

    def _epoch(self, progress: Progress) -> float:
        done = self._share_done()
        warm = min(1.0, self.state.epoch + 0.5)
        self._optimizer.learning_rate.assign(self.plan.learning_rate * warm * _LOWER ** len(self.state.lowered))
        figures = {"epoch": self.state.epoch + 1.0} | ({"bits per row": self.state.best[0]} if self.state.epoch else {})
        started, losses = time.monotonic(), []
        progress(_TRAINING, round(done * self._steps_at_most), self._steps_at_most, figures)
        for step, each in enumerate(self._steps(self._turns(), {}), start=1):
            losses.append(each[f"{_PLAYER}_loss"])
            done = self._share_done(step, time.monotonic() - started)
            progress(_TRAINING, round(done * self._steps_at_most), self._steps_at_most, figures)
        return float(np.mean([float(loss) for loss in losses])) / math.log(2)

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch; rows that do not fill a batch are left out of it."""
        return max(1, len(self._rows.codes) // self.plan.batch_size)

    @property
    def _steps_at_most(self) -> int:
        return self.plan.epochs * self.steps_per_epoch

    def _share_done(self, steps: int = 0, seconds: float = 0.0) -> float:
        """The share of the training that is done, after steps and seconds of the present epoch."""
        epochs = self.state.epoch + steps / self.steps_per_epoch
        share = max(min(epochs / (_USUAL_EPOCHS * self.plan.patience), 0.95), len(self.state.lowered) / self.plan.rates)
        if self.plan.seconds:
            # The epochs that fit into the time.
            share = max(share, (self.state.seconds + seconds) / self.plan.seconds)
        return min(share, 1.0)

    def _turns(self) -> Iterator[Turn]:
        size, rows = self.plan.batch_size, len(self._rows.codes)
        generator = np.random.Generator(np.random.Philox(key=self._seed, counter=[0, 0, 0, self.state.epoch]))
        order = generator.permutation(rows)
        if rows < size:
            order = np.resize(order, size)
        for step in range(self.steps_per_epoch):
            chosen = order[step * size : (step + 1) * size]
            parts = [self._with_evidence(part, generator) for part in np.split(chosen, _PARTS)]
            batch = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
            yield batch, {_PLAYER: np.zeros((_PARTS, 1), np.float32)}

    def _with_evidence(self, rows: NDArray[np.int64], generator: np.random.Generator) -> dict[str, NDArray[Any]]:
        codes = self._rows.codes[rows]
        return _batch(codes, self._rows.contexts[rows], self._evidence.draw(codes, generator))


def _batch(codes: NDArray[np.int32], contexts: NDArray[np.int32], told: Evidence) -> dict[str, NDArray[Any]]:
    return {
        "codes": codes,
        "contexts": contexts,
        "given": told.given,
        "is_set": told.is_set,
        "low": told.low,
        "high": told.high,
        "order": told.order,
    }


def _marginals(code: TableCode, rows: Encoded) -> list[NDArray[np.float32]]:
    """For each token the share of each code, with half a row added to each."""
    found = []
    for index, token in enumerate(code.tokens):
        codes = rows.codes[:, index]
        counts = np.bincount(codes[codes >= 0], minlength=token.size) + 0.5
        found.append((counts / counts.sum()).astype(np.float32))
    return found
