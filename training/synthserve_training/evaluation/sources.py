"""Where the real rows of a table's package come from: the file that a user learnt, or a built-in dataset."""

import tomllib

from synthserve_training.data.reading import open_table
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.real import RealRows, typed
from synthserve_training.evaluation.tables.splits import Trainer
from synthserve_training.tables import recipe as table_recipes
from synthserve_training.tables.fitting import read
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
    if _is_of_a_file(subject.text):
        return _of_a_file(subject), None
    if subject.data is not None:
        raise EvaluationError(f"{subject.manifest.model} is of a built-in dataset: give its folder as --data-dir")
    # Imported here, as only these recipes need Keras: TensorFlow takes more than half a gigabyte.
    start_keras()
    from synthserve_training.evaluation.retraining import Retraining

    trainer = Retraining.of(subject)
    return RealRows(typed(trainer.rows, subject.manifest.table)), trainer


def _of_a_file(subject: Subject) -> RealRows:
    recipe = table_recipes.parse(subject.text)
    address = subject.data or recipe.source.address
    if address is None:
        raise EvaluationError(f"{subject.manifest.model} does not say where its rows are: give the file as --data")
    # Split as they were for the training: by its seed, not by that of the evaluation.
    source = open_table(address, recipe.source)
    rows = read(recipe, source, subject.manifest.provenance.seed, progress=subject.progress)
    return RealRows(rows.train, rows.held_out)


def _is_of_a_file(text: str) -> bool:
    try:
        return "columns" in tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return False  # `recipe.parse` says what is wrong with it
