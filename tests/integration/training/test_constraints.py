"""A model with constraints behind a real server: contradictory conditions are refused before the first message."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from tests.fixtures.constrained import ConstrainedModel
from tests.fixtures.processes import running_server
from tests.fixtures.statuses import violations
from tests.fixtures.token_models import column

import synthserve_core
from synthserve.v1 import generation_pb2_grpc
from synthserve.v1.generation_pb2 import Condition, GenerateRowsRequest, GenerateRowsResponse, ValueRange
from synthserve_core.contract.conditions import Between
from synthserve_core.errors import GraphInputError
from synthserve_training.export.package import put
from synthserve_training.models import contract
from synthserve_training.tables.columns import ColumnType
from synthserve_training.tables.constraints.kinds import Order
from synthserve_training.tables.typed import TypedTable

REASON = "no value of 'low' fulfils these conditions: in every row, low <= high"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    generator = np.random.default_rng(0)
    low = generator.integers(0, 50, 500)
    high = low + generator.integers(0, 50, 500)
    table = TypedTable([column(ColumnType.INTEGER, low, name="low"), column(ColumnType.INTEGER, high, name="high")])
    graph = ConstrainedModel(table, [Order(columns=("low", "high"))]).graph
    content = graph.model.SerializeToString()
    sha256 = hashlib.sha256(content).hexdigest()
    methods = [contract.generate(graph, batch_size=1024, sha256=sha256)]
    manifest = contract.manifest(graph, methods, model="pairs", version=1)
    folder = tmp_path_factory.mktemp("models") / "pairs" / "1"
    put(folder, {contract.GRAPH_FILE: content}, manifest)
    return folder


@pytest.fixture(scope="module")
def generation(
    package: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[generation_pb2_grpc.GenerationServiceStub]:
    with (
        running_server(package.parent.parent, tmp_path_factory.mktemp("log") / "log.txt") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        yield generation_pb2_grpc.GenerationServiceStub(channel)


def request(low: ValueRange, high: ValueRange) -> GenerateRowsRequest:
    conditions = [Condition(column="low", between=low), Condition(column="high", between=high)]
    return GenerateRowsRequest(model="models/pairs", seed=1, count=100, conditions=conditions)


def test_contradiction_is_an_invalid_argument_before_the_first_message(
    generation: generation_pb2_grpc.GenerationServiceStub,
) -> None:
    received: list[GenerateRowsResponse] = []
    with pytest.raises(grpc.RpcError) as caught:
        received.extend(generation.GenerateRows(request(ValueRange(low="40"), ValueRange(high="30"))))
    assert not received
    assert violations(caught.value) == {"conditions": REASON}


def test_conditions_that_agree_are_met(generation: generation_pb2_grpc.GenerationServiceStub) -> None:
    messages = list(generation.GenerateRows(request(ValueRange(low="20"), ValueRange(high="30"))))
    assert messages[0].HasField("info")
    low, high = (
        np.concatenate([message.columns.columns[place].int64s.values for message in messages]) for place in (0, 1)
    )
    assert len(low) == 100
    assert (low >= 20).all()
    assert (low <= high).all()
    assert (high <= 30).all()


def test_contradiction_in_process_says_why(package: Path) -> None:
    model = synthserve_core.load(package)
    with pytest.raises(GraphInputError, match=REASON):
        model.rows(seed=1, count=5, where={"low": Between("40", None), "high": Between(None, "30")})
