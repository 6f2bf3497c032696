"""What an evaluation measures is what a server sends for the same seed, byte for byte."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest
from tests.conformance import typed
from tests.fixtures import packages
from tests.fixtures.processes import running_server
from tests.fixtures.tables import typed_rows

from synthserve.v1 import generation_pb2
from synthserve.v1.generation_pb2_grpc import GenerationServiceStub
from synthserve.v1.schema_pb2 import TableSchema
from synthserve_core.contract.conditions import Equals
from synthserve_core.contract.model import IMAGE, Arrays, Key, Validity
from synthserve_core.contract.texts import texts_of
from synthserve_training import recipe as recipes
from synthserve_training.data.datasets import Images, flowers102
from synthserve_training.errors import EvaluationError
from synthserve_training.evaluation import images, tables
from synthserve_training.evaluation.images.networks import Inception
from synthserve_training.evaluation.subject import Subject
from synthserve_training.evaluation.tables.real import RealRows

SEED, OFFSET, COUNT = 11, 12_345, 5_000
TITLES = ["Fidelity", "Detection", "Utility", "Conditions", "Privacy", "Columns"]
SIDE = 64


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    packages.write_package(root, "tiny-table", packages.table_graph(), packages.TABLE_MANIFEST)
    packages.write_package_2(root, typed.NAME, typed.graph(), typed.MANIFEST)

    def with_recipe(manifest: dict[str, Any]) -> None:
        manifest["provenance"] = {"recipe": recipes.read("flowers-wgan-gp-ema")}

    packages.write_package(
        root, "flowers", packages.image_graph(SIDE, SIDE, 3), packages.image_manifest(SIDE, SIDE, 3), change=with_recipe
    )
    return root


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GenerationServiceStub]:
    with (
        running_server(models, tmp_path_factory.mktemp("server") / "log.txt", "--workers", "2") as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        yield GenerationServiceStub(channel)


def sent_rows(server: GenerationServiceStub, model: str, **fields: Any) -> Arrays:
    """What a server sends as typed columns, by key; text as objects."""
    request = generation_pb2.GenerateRowsRequest(**{"model": f"models/{model}", "seed": SEED, "count": COUNT, **fields})
    schema, parts = None, dict[Key, list[Any]]()
    for response in server.GenerateRows(request):
        schema = schema or response.info.schema
        for column, values in zip(schema.columns, response.columns.columns, strict=True):
            parts.setdefault(column.name, []).append(_array(values))
            if column.nullable:
                valid = list(values.validity) or [True] * response.row_count
                parts.setdefault(Validity(column.name), []).append(np.array(valid))
    return {key: np.concatenate(part) for key, part in parts.items()}


def _array(values: generation_pb2.ColumnValues) -> np.ndarray:
    kind = values.WhichOneof("values")
    if kind == "strings":
        offsets, data = values.strings.offsets, values.strings.data
        return np.array([data[low:high] for low, high in pairwise(offsets)], dtype=object)
    field, dtype = {
        "doubles": ("values", np.float64),
        "int64s": ("values", np.int64),
        "categories": ("codes", np.int32),
        "bools": ("values", np.bool_),
        "dates": ("days", np.int32),
        "timestamps": ("microseconds", np.int64),
    }[kind or ""]
    return np.array(getattr(getattr(values, kind or ""), field), dtype)


def joined(batches: Iterator[Arrays]) -> Arrays:
    parts = list(batches)
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


@pytest.mark.parametrize("model", ["tiny-table", typed.NAME])
@pytest.mark.parametrize("offset", [0, OFFSET])
def test_rows_are_those_of_the_server(server: GenerationServiceStub, models: Path, model: str, offset: int) -> None:
    subject = Subject.open(models / model / "1", seed=SEED)
    found, sent = joined(subject.samples(COUNT, start=offset)), sent_rows(server, model, offset=offset)
    assert found.keys() == sent.keys()
    assert sum(isinstance(key, Validity) for key in sent) >= 3
    for key, array in found.items():
        if array.ndim == 2:  # text
            texts = texts_of(array, found.get(Validity(key)))
            assert [texts.data[low:high] for low, high in pairwise(texts.offsets)] == sent[key].tolist()
        else:
            assert (array.dtype, array.tobytes()) == (sent[key].dtype, sent[key].tobytes())


def test_rows_under_a_condition_are_those_of_the_server(server: GenerationServiceStub, models: Path) -> None:
    subject = Subject.open(models / "tiny-table" / "1", seed=SEED)
    condition = generation_pb2.Condition(column="species", equals="virginica")
    sent = sent_rows(server, "tiny-table", conditions=[condition])
    found = joined(subject.samples(COUNT, where={"species": Equals("virginica")}))
    assert {key: array.tobytes() for key, array in found.items()} == {key: sent[key].tobytes() for key in found}


@dataclass(frozen=True)
class Trained:
    schema: TableSchema
    samples: Arrays
    losses: pd.DataFrame


@dataclass(frozen=True)
class Trainer:
    """Trains nothing: real rows are samples of the model, and so are those of each training."""

    subject: Subject

    def train(self, _rows: np.ndarray, *, seed: int, count: int) -> Trained:
        samples = joined(replace(self.subject, seed=seed + 100).samples(count))
        losses = pd.DataFrame({"epoch": [1.0, 2.0], "loss": [2.0, 1.0], "seconds": [0.1, 0.1]})
        return Trained(self.subject.manifest.table, samples, losses)


def real_rows(subject: Subject) -> RealRows:
    schema = subject.manifest.table
    train, held_out = (typed_rows(schema, joined(subject.samples(300, start=start))) for start in (10**6, 2 * 10**6))
    return RealRows(train, held_out)


def test_table_that_is_evaluated_is_that_of_the_server(server: GenerationServiceStub, models: Path) -> None:
    subject = Subject.open(models / "tiny-table" / "1", seed=SEED)
    prepared = tables.prepare(subject, real_rows(subject))
    sent = sent_rows(server, "tiny-table", count=len(prepared.exported))
    pd.testing.assert_frame_equal(prepared.exported, prepared.columns.frame([sent]), check_exact=True)
    assert prepared.exported.isna().any().to_dict() == {
        column.name: column.nullable for column in subject.manifest.table.columns
    }


def test_table_with_missing_values_is_evaluated(models: Path) -> None:
    subject = Subject.open(models / "tiny-table" / "1", seed=SEED)
    sections = tables.evaluate(subject, real_rows(subject))
    assert [section.title for section in sections] == TITLES
    found = {figure.metric: figure for section in sections for figure in section.figures}
    assert found["missing_value_similarity"].value > 0.9
    assert found["membership_attack_auc"].value == pytest.approx(0.5, abs=0.1)


def test_table_is_retrained_on_parts_of_its_real_rows(models: Path) -> None:
    subject = Subject.open(models / "tiny-table" / "1", seed=SEED, retrain=2)
    sections = tables.evaluate(subject, real_rows(subject), trainer=Trainer(subject))
    assert [section.title for section in sections] == [*TITLES, "Training"]
    found = {figure.metric: figure for section in sections for figure in section.figures}
    assert found["shape_score"].spread is not None
    assert found["shape_score_graph"].value > 0.9
    with pytest.raises(EvaluationError, match="cannot be trained anew: leave out --retrain"):
        tables.prepare(subject, real_rows(subject))


class Recorder:
    """A feature network that keeps what it sees."""

    digest = "1" * 64
    size = 4
    batch_size = 16

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def features(self, pixels: np.ndarray) -> np.ndarray:
        self.seen += list(pixels)
        return pixels.reshape(len(pixels), -1)[:, : self.size].astype(np.float32)


def test_pictures_that_are_evaluated_are_those_of_the_server(
    server: GenerationServiceStub, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, count = Recorder(), 100
    real = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Inception, "find", lambda _files: recorder)
    monkeypatch.setattr(flowers102, "load", lambda *_: Images(real, np.zeros(count, np.int64)))
    images.evaluate(Subject.open(models / "flowers" / "1", seed=SEED))
    request = generation_pb2.GenerateImagesRequest(
        model="models/flowers", seed=SEED, count=count, format=generation_pb2.IMAGE_FORMAT_RAW
    )
    sent = [image for response in server.GenerateImages(request) for image in response.images]
    assert len(sent) == count
    # It sees the real pictures first.
    assert [picture.tobytes() for picture in recorder.seen[-count:]] == sent


def test_pictures_from_an_offset_are_those_of_the_server(server: GenerationServiceStub, models: Path) -> None:
    subject = Subject.open(models / "flowers" / "1", seed=SEED)
    request = generation_pb2.GenerateImagesRequest(
        model="models/flowers", seed=SEED, offset=OFFSET, count=70, format=generation_pb2.IMAGE_FORMAT_RAW
    )
    sent = b"".join(image for response in server.GenerateImages(request) for image in response.images)
    assert joined(subject.samples(70, start=OFFSET))[IMAGE].tobytes() == sent
