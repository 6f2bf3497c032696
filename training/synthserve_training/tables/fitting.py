"""Learns a table: reads it, finds its tokens, trains the network and corrects it, for `synthserve-train fit`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synthserve_training.data.inspection import read_typed
from synthserve_training.data.reading import TableSource
from synthserve_training.errors import DatasetError, RecipeError
from synthserve_training.models.autoregressive.tokens import Encoded
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.models.autoregressive.weights import Weights
from synthserve_training.tables import recipe as recipes
from synthserve_training.tables.columns import Role
from synthserve_training.tables.constraints import fitting as constraints
from synthserve_training.tables.constraints.fitting import Constrained
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.recipe import TableRecipe
from synthserve_training.tables.run import TableRun
from synthserve_training.tables.schema import csv_delimiter
from synthserve_training.tables.typed import TypedTable
from synthserve_training.tables.valueless import Valueless, rare_values, valueless
from synthserve_training.train import startup
from synthserve_training.train.run_folder import RunFolder
from synthserve_training.types import Progress, no_progress

if TYPE_CHECKING:  # it imports Faker
    from synthserve_training.models.rules import Rule

_MOST_ROWS = 1_000_000
_VALIDATION_SHARE = 0.05
_VALIDATION_ROWS, _MOST_VALIDATION = 500, 0.2
"""Fewer rows would say little about when to stop; of a small table, a fifth."""
_FEWEST_ROWS = 2


@dataclass(frozen=True)
class Rows:
    """The rows of a source, split.

    Attributes:
        train: Rows to learn.
        held_out: Rows that nothing has seen, for the evaluation; there may be none.
        count: How many rows the source has.
    """

    train: TypedTable
    held_out: TypedTable
    count: int


@dataclass(frozen=True)
class Fitted:
    """A learnt table.

    Attributes:
        recipe: The recipe.
        text: Its text.
        rows: The real rows.
        model: The model.
        bits: Bits per row of the validation rows, without evidence.
        epochs: Epochs that were trained.
        folder: The folder of the run.
        notes: What a user must know of what was learnt, one sentence each.
    """

    recipe: TableRecipe
    text: str
    rows: Rows
    model: "TableModel"
    bits: float
    epochs: int
    folder: RunFolder
    notes: Sequence[str]


def read(recipe: TableRecipe, source: TableSource, seed: int, *, progress: Progress = no_progress) -> Rows:
    """Reads the rows of a source as a recipe says, and splits them.

    Args:
        recipe: The recipe.
        source: The rows.
        seed: Of the split, and of the sample where there are more rows than the recipe trains on.
        progress: Is told how many bytes were read.

    Raises:
        DatasetError: The source cannot be read, a value is not of its column's type, or there are too few rows.
    """
    limit = recipe.training.rows or _MOST_ROWS
    table, count = read_typed(source, recipe.columns, rows=limit, seed=seed, progress=progress)
    if len(table) < _FEWEST_ROWS and table.columns:
        address = source.layout.address or ", ".join(source.layout.files)
        rows = "one row" if len(table) else "no rows"
        raise DatasetError(f"{address} has {rows}: there is nothing to learn from fewer than {_FEWEST_ROWS}")
    order = np.random.Generator(np.random.Philox(key=seed)).permutation(len(table))
    held_out = int(len(table) * recipe.training.held_out)
    return Rows(table.take(np.sort(order[held_out:])), table.take(np.sort(order[:held_out])), count)


def fit(
    text: str,
    source: TableSource,
    folder: RunFolder,
    *,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Fitted:
    """Learns a table, or goes on where an interrupted run of the same recipe, seed and rows has stopped.

    Args:
        text: The recipe, TOML.
        source: The rows.
        folder: Where checkpoints and the log go.
        seed: Of all that is random.
        overwrite: Whether a run of something else in the folder may be deleted.
        progress: Is told how far it has come.

    Raises:
        RecipeError: The recipe is not valid, or the model would have no column.
        DatasetError: See `read`.
        RunError: The folder is in use or holds another run; or the training diverged.
    """
    recipe = recipes.parse(text)
    run = TableRun(folder, text, seed, overwrite)
    # All that can be said against the rows and the folder is said before the folder is made and Keras starts.
    folder.check_idle()
    run.check()
    rows = read(recipe, source, seed, progress=progress)
    constrained = constraints.fit(recipe, rows.train)
    code, rules = constrained.code, _rules(recipe)
    made = {*code.names, *(each.name for each in constrained.derived)}
    without = valueless(recipe.columns, made, rows.train, recipe.privacy.min_rows)
    if not (made or rules or without.absent):
        raise RecipeError(_nothing(recipe, without))
    encoded = code.encode(constrained.table)
    with folder.held():
        run.check()
        run.check_rows(encoded)
        if code.columns:
            weights, bits, epochs = _trained(recipe, run, code, encoded, seed, progress)
        else:
            run.start_untrained(encoded)
            weights, bits, epochs = [], 0.0, 0
    model = TableModel(
        recipe.columns,
        code,
        weights,
        rules,
        csv_delimiter(recipe.source.separator, recipe.columns),
        constrained.constraints,
        constrained.derived,
        {each.options.name: each for each in without.absent},
    )
    hidden = rare_values(code, len(constrained.table), recipe.privacy.min_rows)
    notes = (*without.notes, *hidden, *_notes(constrained, len(rows.train)))
    return Fitted(recipe, text, rows, model, bits, epochs, folder, notes)


def _trained(
    recipe: TableRecipe, run: TableRun, code: TableCode, encoded: Encoded, seed: int, progress: Progress
) -> tuple[Weights, float, int]:
    """Trains the network, or goes on, rounds it, and corrects it: its weights, bits per row, and epochs."""
    startup.start_keras()
    from synthserve_training.models.autoregressive import correction
    from synthserve_training.models.autoregressive.exact.quantising import check, quantised
    from synthserve_training.models.autoregressive.exact.weights import ExactHead
    from synthserve_training.models.autoregressive.network import SIZES
    from synthserve_training.models.autoregressive.training import TableTrainer, plan_for

    training, validation = _split(encoded, seed)
    minutes = recipe.training.minutes
    plan = plan_for(len(training.codes), None if minutes is None else minutes * 60)
    trainer = TableTrainer(code, SIZES[recipe.network.size], training, validation, plan, seed)
    run.start(trainer, encoded)
    trainer.train(progress, lambda: run.save(trainer))
    trained: Weights = trainer.trained().exported()
    if recipe.network.exact:
        trained = quantised(trained, code.tokens, training)
    weights = correction.corrected(code, trained, encoded, seed, progress=progress)
    check([head for head in weights if isinstance(head, ExactHead)])
    return weights, trainer.state.best[0], trainer.state.epoch


def _nothing(recipe: TableRecipe, without: Valueless) -> str:
    """Why a model would have no column."""
    if not without.left_out:
        return "all columns have role = 'drop': the model would have none"
    rows = recipe.privacy.min_rows
    return (
        f"there is nothing to learn: no column has a value in {rows} rows or more, as [privacy] min_rows asks. Set "
        "it lower in a recipe (`synthserve-train inspect --recipe`) if values of so few rows may be published"
    )


def _notes(constrained: Constrained, rows: int) -> Iterator[str]:
    """What a user must know of the constraints."""
    for text, count in constrained.violations.items():
        yield f"{count:,} of {rows:,} training rows violate `{text}`: they are not learnt"
    for text in constrained.ignored:
        yield f"`{text}` is left out: no value of one of its columns has enough rows"
    for each in constrained.derived:
        if each.condition is None:
            yield f"{each.name!r} takes no condition, as it is computed from others: `{each.text}`"


def _rules(recipe: TableRecipe) -> "dict[str, Rule]":
    written = {c.name: c.rule for c in recipe.columns if c.role is Role.RULE and c.rule is not None}
    if not written:
        return {}
    from synthserve_training.models.rules import rule

    return {name: rule(options, name) for name, options in written.items()}


def _split(encoded: Encoded, seed: int) -> tuple[Encoded, Encoded]:
    """Rows to train with, and rows that say when to stop."""
    order = np.random.Generator(np.random.Philox(key=seed, counter=1)).permutation(len(encoded.codes))
    rows = len(order)
    count = max(1, min(int(rows * _MOST_VALIDATION), max(int(rows * _VALIDATION_SHARE), _VALIDATION_ROWS)))
    return _taken(encoded, np.sort(order[count:])), _taken(encoded, order[:count])


def _taken(encoded: Encoded, rows: NDArray[np.int64]) -> Encoded:
    return Encoded(encoded.codes[rows], encoded.contexts[rows])
