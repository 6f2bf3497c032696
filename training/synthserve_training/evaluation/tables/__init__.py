"""The evaluation of packages that generate tables."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from synthserve_core.contract.conditions import Test
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.figures import Plot, Section
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.arrays import to_table
from synthserve_training.evaluation.tables.columns import Columns
from synthserve_training.evaluation.tables.measures.evidence import Answer, answer, questions
from synthserve_training.evaluation.tables.plots import curves
from synthserve_training.evaluation.tables.real import RealRows
from synthserve_training.evaluation.tables.sections import (
    conditions,
    constraints,
    detection,
    distributions,
    fidelity,
    likelihood,
    privacy,
    utility,
)
from synthserve_training.evaluation.tables.sections.likelihood import Score
from synthserve_training.evaluation.tables.splits import DRAWN, Comparison, Source, Split, Trainer, split_and_train
from synthserve_training.tables.recipe import TableRecipe
from synthserve_training.tables.typed import TypedTable

_MOST_ROWS = 100_000
"""Of the real rows, and of the rows that are drawn."""

_FEWEST_ROWS = 10
"""Of the held-out rows; of all rows, where none is held out, twice as many."""
_HALF, _REST = 0.5, 0.3
_QUESTIONS = 30

_TRAINING = (
    "The {splits} trainings on halves, {epochs:,} epochs each: the median, and the range of the middle 90 % of them."
)


def evaluate(
    subject: Subject,
    real: RealRows,
    *,
    trainer: Trainer | None = None,
    target: str | None = None,
    recipe: TableRecipe | None = None,
    score: Score | None = None,
) -> list[Section]:
    """Evaluates a table's package.

    Args:
        subject: The package.
        real: The real rows.
        trainer: Trains the package's model anew on parts of the rows that it was trained on, `2 * subject.retrain`
            times; needed where that is not 0.
        target: The column of categories that classifiers predict; default: the last one.
        recipe: Of a table that was learnt from a file: what it says of every row is checked.
        score: The probability of real rows, where the package has a method for it.

    Raises:
        EvaluationError: All columns are text, or the real rows are not of these columns.
    """
    comparison = prepare(subject, real, trainer, target)
    columns, source = comparison.columns, comparison.source
    steps: list[tuple[str, Callable[[], Section | None]]] = [
        ("fidelity", lambda: fidelity.evaluate(comparison)),
        ("likelihood", lambda: likelihood.evaluate(score, real) if score else None),
        ("constraints", lambda: _constraints(subject, real, comparison, recipe)),
        ("detection", lambda: detection.evaluate(comparison)),
        ("utility", lambda: utility.evaluate(_labelled(subject, comparison, trainer), columns, source)),
        ("conditions", lambda: conditions.evaluate(_answers(subject, comparison))),
        ("privacy", lambda: privacy.evaluate(comparison)),
        ("columns", lambda: distributions.evaluate(comparison)),
    ]
    sections = []
    for done, (_, step) in enumerate(steps):
        subject.progress("measuring", done, len(steps))
        if section := step():
            sections.append(section)
    subject.progress("measuring", len(steps), len(steps))
    if source is Source.RETRAINED:
        sections.append(_training(comparison.splits, subject.manifest.provenance.epochs))
    return sections


def prepare(subject: Subject, real: RealRows, trainer: Trainer | None = None, target: str | None = None) -> Comparison:
    """Puts real and generated rows side by side, in random order; see `evaluate`. Of each at most 100,000."""
    columns = Columns.of(subject.manifest, target=target, made_up=real.made_up)
    if not columns.measured:
        raise EvaluationError(f"{subject.folder} has nothing to measure: all its columns are texts, or rules make them")
    rows = columns.real(real.train)
    _check_count(rows, real.held_out)
    if subject.retrain:
        if trainer is None:
            raise EvaluationError("this package's model cannot be trained anew: leave out --retrain")
        exported = columns.frame(subject.samples(DRAWN))
        halves = _split(subject, trainer, rows, columns, _HALF, "training on halves", stratified=False)
        return Comparison(columns, Source.RETRAINED, halves, rows, exported)
    rows = _shuffled(rows, subject.seed)
    exported = columns.frame(subject.samples(max(DRAWN, len(rows))))
    if real.held_out is not None:
        source, train, held_out = Source.GRAPH, rows, _shuffled(columns.real(real.held_out), subject.seed)
    else:
        source, half = Source.GRAPH_SEEN_ALL, len(rows) // 2
        train, held_out = rows[:half], rows[half:]
    return Comparison(columns, source, [Split(subject.seed, train, held_out, exported)], rows, exported)


def _check_count(rows: pd.DataFrame, held_out: TypedTable | None) -> None:
    """Checks that there are enough rows: classifiers are tried on fifths, and of fewer nothing can be said.

    Raises:
        EvaluationError: There are not.
    """
    if len(rows) < 2 * _FEWEST_ROWS:
        raise EvaluationError(f"{len(rows)} rows are too few to measure with: {2 * _FEWEST_ROWS} are needed")
    if held_out is not None and len(held_out) < _FEWEST_ROWS:
        counted = "one held-out row is" if len(held_out) == 1 else f"{len(held_out)} held-out rows are"
        raise EvaluationError(
            f"{counted} too few to measure with: {_FEWEST_ROWS} are needed, and `fit --held-out` keeps a larger share"
        )


def _labelled(subject: Subject, comparison: Comparison, trainer: Trainer | None) -> Sequence[Split]:
    """The splits for classifiers: of retrainings others than for the rest, which keep the target in proportion."""
    columns = comparison.columns
    if comparison.source is not Source.RETRAINED or trainer is None or columns.target is None:
        return comparison.splits
    return _split(subject, trainer, comparison.rows, columns, _REST, "training for utility", stratified=True)


def _split(
    subject: Subject,
    trainer: Trainer,
    rows: pd.DataFrame,
    columns: Columns,
    held_out: float,
    what: str,
    *,
    stratified: bool,
) -> list[Split]:
    return list(
        split_and_train(
            trainer,
            rows,
            columns,
            held_out=held_out,
            stratified=stratified,
            repeats=subject.retrain,
            seed=subject.seed,
            progress=lambda done, total: subject.progress(what, done, total),
        )
    )


def _constraints(
    subject: Subject, real: RealRows, comparison: Comparison, recipe: TableRecipe | None
) -> Section | None:
    """What of the recipe's constraints generated rows violate; those about columns that are not learnt are left out."""
    if recipe is None:
        return None
    options = {column.name: column for column in recipe.columns}
    schemas = {column.name: column for column in subject.manifest.table.columns}
    checked = [each for each in recipe.constraints if schemas.keys() >= set(each.names)]
    if not checked:
        return None
    names = dict.fromkeys(name for each in checked for name in each.names)
    drawn = to_table(subject.samples(len(comparison.exported)), [(options[name], schemas[name]) for name in names])
    return constraints.evaluate(checked, real, drawn, recipe.privacy.min_rows)


def _answers(subject: Subject, comparison: Comparison) -> list[Answer]:
    """How the exported graph answers random conditions."""
    columns, first = comparison.columns, comparison.splits[0]

    def draw(tests: Mapping[str, Test], count: int) -> pd.DataFrame:
        return columns.frame(subject.samples(count, where=tests))

    asked = questions(
        subject.package.model.conditions,
        first.train,
        first.held_out,
        comparison.exported,
        columns,
        count=_QUESTIONS,
        seed=subject.seed,
    )
    return [answer(one, first.train, first.held_out, draw, columns, subject.seed) for one in asked]


def _training(halves: Sequence[Split], epochs: int) -> Section:
    losses = curves.losses([split.losses for split in halves if split.losses is not None])
    return Section(
        title="Training",
        summary=_TRAINING.format(splits=len(halves), epochs=epochs),
        plots=(Plot("losses", "Losses and schedule by epoch.", losses),),
    )


def _shuffled(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows in random order: a table can be sorted, and measures that take some rows take the first ones.

    The generator is not that of scikit-learn: with the same seed, its folds would undo the same permutation.
    """
    order = np.random.default_rng(seed).permutation(len(rows))[:_MOST_ROWS]
    return rows.iloc[order].reset_index(drop=True)
