"""The network of tables as it is trained, and as it is exported: one and the same."""

import numpy as np
from tests.fixtures.token_models import every_kind

from synthserve_core.contract.model import Validity
from synthserve_training.models.autoregressive.evidence import EvidenceSampler
from synthserve_training.models.autoregressive.network import TokenNetwork, Widths
from synthserve_training.models.autoregressive.tokens import fitting
from synthserve_training.models.contract import DTYPES, output_name
from synthserve_training.models.onnx_graph import evaluate
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.model import TableModel
from synthserve_training.tables.typed import TypedTable


def test_graph_scores_rows_as_the_network_does_in_training() -> None:
    with_times = every_kind(rows=60)
    table = TypedTable([each for each in with_times.columns if each.options.type is not ColumnType.TIME])
    code = fitting.fit(table, min_rows=1)  # all numbers are atoms, which have one lattice point
    network = TokenNetwork(code, Widths(8, 8, 6), [np.full(token.size, 1 / token.size) for token in code.tokens])
    generator = np.random.default_rng(0)
    for variable in network.trainable_variables:
        moved = np.asarray(variable) + generator.normal(0, 0.2, variable.shape)
        variable.assign(np.where(np.asarray(variable) < -1e8, np.asarray(variable), moved))
    rows = code.encode(table)
    told = EvidenceSampler(code).none(len(table))
    batch = {"codes": rows.codes, "contexts": rows.contexts} | vars(told)
    expected = np.asarray(network(batch), np.float64).sum(axis=1)

    model = TableModel([each.options for each in table.columns], code, network.exported(), {})
    scoring = model.scoring_graph()
    assert scoring is not None
    given = {}
    for schema in model.graph().schema.columns:
        column = table[schema.name]
        values = column.values
        if schema.categories:
            values = np.array([list(schema.categories).index(text) for text in column.texts])[values]
        given[output_name(schema.name)] = values.astype(DTYPES[schema.type])
        given[output_name(Validity(schema.name))] = column.valid
    found = evaluate(scoring.model, {one.name: given[one.name] for one in scoring.inputs})
    np.testing.assert_allclose(found["score"], expected, atol=1e-4)
