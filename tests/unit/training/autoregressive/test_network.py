"""The network that is trained computes what the graph draws by, and treats evidence as it should."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.fixtures.token_models import every_kind, model_of

from synthserve_training.models.autoregressive.correction import head_scores, softmax
from synthserve_training.models.autoregressive.evidence import Evidence, EvidenceSampler
from synthserve_training.models.autoregressive.tokens import Encoded
from synthserve_training.models.autoregressive.tokens.table import TableCode
from synthserve_training.train import startup


@dataclass(frozen=True)
class Trained:
    """A network with random weights, and rows."""

    network: object
    code: TableCode
    rows: Encoded
    evidence: EvidenceSampler

    def log_probabilities(self, told: Evidence) -> np.ndarray:
        batch = {"codes": self.rows.codes, "contexts": self.rows.contexts} | {
            name: getattr(told, name) for name in ("given", "is_set", "low", "high", "order")
        }
        return np.asarray(self.network(batch))  # type: ignore[operator]


@pytest.fixture(scope="module")
def trained() -> Trained:
    startup.start_keras()
    from synthserve_training.models.autoregressive.network import TokenNetwork, Widths

    table = every_kind()
    code = model_of(table).code
    marginals = [np.full(token.size, 1 / token.size, np.float32) for token in code.tokens]
    return Trained(TokenNetwork(code, Widths(16, 12, 10), marginals), code, code.encode(table), EvidenceSampler(code))


def test_exported_weights_give_the_same_probabilities(trained: Trained) -> None:
    found = trained.log_probabilities(trained.evidence.none(len(trained.rows.codes)))
    weights = trained.network.exported()  # type: ignore[attr-defined]
    state = np.sum([head.embeddings[0] for head in weights], axis=0) + np.zeros((len(found), 16), np.float32)
    for index, (token, head) in enumerate(zip(trained.code.tokens, weights, strict=True)):
        codes, contexts = trained.rows.codes[:, index], trained.rows.contexts[:, index].astype(np.int64)
        probabilities = softmax(head_scores(token, head, state, contexts))
        picked = np.log(
            probabilities[np.arange(len(codes)), np.maximum(codes, 0)],
            where=codes >= 0,
            out=np.zeros(len(codes), np.float32),
        )
        np.testing.assert_allclose(found[:, index], picked, atol=1e-4)
        state = state + head.embeddings[token.row(codes, contexts)] - head.embeddings[0]


def test_evidence_on_a_column_does_not_change_its_own_probability(trained: Trained) -> None:
    nothing = trained.evidence.none(len(trained.rows.codes))
    last = nothing.given.copy()
    last[:, -1] = 1
    before, after = trained.log_probabilities(nothing), trained.log_probabilities(replace(nothing, given=last))
    first = trained.code.firsts[-1]
    assert np.abs(before[:, :first] - after[:, :first]).max() > 1e-4
    np.testing.assert_allclose(before[:, first:], after[:, first:], atol=1e-5)


def test_set_of_one_code_is_like_the_value_where_a_column_has_one_token(trained: Trained) -> None:
    column = trained.code.names.index("category")
    nothing = trained.evidence.none(len(trained.rows.codes))
    told = np.zeros_like(nothing.given)
    told[:, column] = 1
    codes = trained.rows.codes[:, trained.code.firsts[column]]
    offset = sum(each.tokens[0].size for each in trained.code.columns[:column])
    low, high = nothing.low.copy(), nothing.high.copy()
    low[:, column], high[:, column] = codes + offset, codes + offset + 1
    as_value = trained.log_probabilities(replace(nothing, given=told))
    as_set = trained.log_probabilities(replace(nothing, is_set=told, low=low, high=high))
    np.testing.assert_allclose(as_value, as_set, atol=1e-4)


def test_random_sets_hold_the_value_and_stay_within_their_column() -> None:
    table = every_kind()
    code = model_of(table).code
    codes = code.encode(table).codes
    told = EvidenceSampler(code).draw(codes, np.random.default_rng(0))
    offsets = np.r_[0, np.cumsum([each.tokens[0].size for each in code.columns])]
    assert np.array_equal(np.sort(told.order), np.arange(offsets[-1]))
    places = np.argsort(told.order)
    assert told.is_set.sum() > 50
    for row, column in zip(*np.nonzero(told.is_set), strict=True):
        place = places[offsets[column] + codes[row, code.firsts[column]]]
        assert offsets[column] <= told.low[row, column] <= place < told.high[row, column] <= offsets[column + 1]
    assert not (told.given * told.is_set).any()
