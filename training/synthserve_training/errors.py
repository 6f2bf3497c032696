"""Errors that a user can mend, each with a message that says how.

SynthserveTrainingError
├── RecipeError      the recipe is not valid, or its parts do not fit together
├── DatasetError     a dataset is missing, corrupt or could not be downloaded
│   └── ReadingError a file of rows, or a query, cannot be read as a table
├── RunError         a training run is missing, in the way, belongs to another recipe or diverged
├── BackendError     Keras runs on a library that does not train here, or that is not installed
├── ExportError      the exported graph does not compute what the trained model computes
└── EvaluationError  the package cannot be evaluated, or the report cannot be written
"""


class SynthserveTrainingError(Exception):
    """The base of all errors of this package; its text is for the user."""


class RecipeError(SynthserveTrainingError):
    """The recipe is not valid, or its parts do not fit together."""


class DatasetError(SynthserveTrainingError):
    """A dataset is missing, corrupt or could not be downloaded."""


class ReadingError(DatasetError):
    """A file of rows, or a query, cannot be read as a table."""


class RunError(SynthserveTrainingError):
    """A training run is missing, in the way, belongs to another recipe or diverged."""


class BackendError(SynthserveTrainingError):
    """Keras runs on a library that does not train here, or that is not installed."""


class ExportError(SynthserveTrainingError):
    """The exported graph does not compute what the trained model computes."""


class EvaluationError(SynthserveTrainingError):
    """The package cannot be evaluated, or the report cannot be written."""
