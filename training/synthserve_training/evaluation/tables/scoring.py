"""The probabilities of real rows, by the method `score` of a package."""

import numpy as np
from numpy.typing import NDArray

from synthserve_core.compute.cancellation import Cancellation
from synthserve_core.compute.ranges import cut
from synthserve_core.compute.sampler import Draw, sample
from synthserve_core.contract import model as contract
from synthserve_core.contract.model import Data, MethodKind
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables import arrays
from synthserve_training.evaluation.tables.sections.likelihood import Score
from synthserve_training.tables.typed import TypedTable


def scorer(subject: Subject) -> Score | None:
    """What computes the probabilities of rows; None: the package has no method for it."""
    model = subject.package.model
    method = model.methods.get(MethodKind.SCORE)
    if method is None:
        return None
    session = subject.package.sessions[MethodKind.SCORE]
    keys = [role.key for role in method.inputs.values() if isinstance(role, Data)]
    columns = {column.name: column for column in subject.manifest.table.columns}

    def score(table: TypedTable) -> NDArray[np.float64]:
        found = [np.zeros(0)]
        for first, count in cut(0, len(table), method.batch_size, method.batch_size):
            rows = table.take(np.arange(first, first + count))
            draw = Draw(model, session, 0, 0, count, data=arrays.of_table(rows, columns, keys), kind=MethodKind.SCORE)
            found.append(sample(draw, Cancellation())[contract.Score()])
        return np.concatenate(found)

    return score
