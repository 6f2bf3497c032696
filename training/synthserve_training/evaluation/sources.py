"""Where the real rows of a table's package come from: the file that a user learnt, or a built-in dataset."""

import tomllib

from synthserve_training.data.reading import open_table
from synthserve_training.errors import EvaluationError, ReadingError
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.real import RealRows, typed
from synthserve_training.evaluation.tables.splits import Trainer
from synthserve_training.recipe import Recipe
from synthserve_training.tables import recipe as table_recipes
from synthserve_training.tables.fitting import read
from synthserve_training.tables.recipe import TableRecipe
from synthserve_training.train.startup import start_keras


def real_rows(subject: Subject) -> tuple[RealRows, Trainer | None]:
    """Reads the rows that a package's model was trained on, and those that were kept from it.

    Returns:
        The rows, and what trains the model anew on some of them; None: it can only be trained on a whole file.

    Raises:
        DatasetError: The rows cannot be read.
        EvaluationError: It is not known where they are, or --data does not fit the package.
        RecipeError: The package's recipe is not one of this version of the trainer.
    """
    if recipe := table_recipe(subject):
        return _of_a_file(subject, recipe), None
    if subject.data is not None:
        raise EvaluationError(f"{subject.manifest.model} {_whereabouts(subject.recipe)}")
    # Imported here, as only these recipes need Keras: TensorFlow takes more than half a gigabyte.
    start_keras()
    from synthserve_training.evaluation.retraining import Retraining

    trainer = Retraining.of(subject)
    return RealRows(typed(trainer.rows, subject.manifest.table)), trainer


def table_recipe(subject: Subject) -> TableRecipe | None:
    """The recipe of a table that was learnt from a file; None: the package is of another kind.

    Raises:
        RecipeError: It is not one of this version of the trainer.
    """
    return table_recipes.parse(subject.text) if _is_of_a_file(subject.text) else None


def _whereabouts(recipe: Recipe) -> str:
    """Where the rows of a recipe are, if not at --data."""
    if recipe.dataset.kind != "file":
        return f"was trained on the built-in dataset {recipe.dataset.kind}: give its folder as --data-dir, not --data"
    options = recipe.dataset.options
    place = f"address {options.address}" if options.address else f"recipe {options.recipe}"
    return (
        f"reads its rows from where its recipe says, [dataset] {place}: leave out --data, and run the command in the "
        "folder that this is relative to"
    )


def _of_a_file(subject: Subject, recipe: TableRecipe) -> RealRows:
    address = subject.data or recipe.source.address
    if address is None:
        raise EvaluationError(f"{subject.manifest.model} does not say where its rows are: give the file as --data")
    # Split as they were for the training: by its seed, not by that of the evaluation.
    try:
        source = open_table(address, recipe.source)
    except ReadingError as error:
        if subject.data is None:
            raise ReadingError(f"{error}. Give the table that was learnt as --data, if it is elsewhere now") from None
        raise
    rows = read(recipe, source, subject.manifest.provenance.seed, progress=subject.progress)
    return RealRows.of(recipe.columns, rows.train, rows.held_out)


def _is_of_a_file(text: str) -> bool:
    try:
        return "columns" in tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return False  # `recipe.parse` says what is wrong with it
