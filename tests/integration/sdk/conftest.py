"""A server that does what a test tells it to: breaks streams, lets them hang, sends nonsense.

It is a real gRPC server on loopback. What it generates is a pure function of seed and index, as the contract says, but
needs no model: the tests that use it are about the client.
"""

# Requests of all kinds, and the names of the contract.
# ruff: noqa: N802 - the names that the contract gives

from __future__ import annotations

import csv
import io
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import grpc
import PIL.Image
import pyarrow as pa
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

import synthserve
from synthserve.v1 import generation_pb2 as pb
from synthserve.v1 import generation_pb2_grpc, model_pb2, model_pb2_grpc, schema_pb2

Row = dict[str, Any]
VERSION = "models/scripted/versions/3"
CATEGORIES = ["plain", "with, comma", 'with "quotes"']
SCHEMA = schema_pb2.TableSchema(
    columns=[
        schema_pb2.Column(name="x", type=schema_pb2.COLUMN_TYPE_DOUBLE, decimals=1, unit="cm"),
        schema_pb2.Column(name="n", type=schema_pb2.COLUMN_TYPE_INT64, nullable=True),
        schema_pb2.Column(
            name="label", type=schema_pb2.COLUMN_TYPE_CATEGORY, categories=CATEGORIES, nullable=True, category_count=3
        ),
        schema_pb2.Column(name="flag", type=schema_pb2.COLUMN_TYPE_BOOL),
        schema_pb2.Column(name="maybe", type=schema_pb2.COLUMN_TYPE_BOOL, nullable=True),
        schema_pb2.Column(name="note", type=schema_pb2.COLUMN_TYPE_STRING, nullable=True, max_bytes=20),
        schema_pb2.Column(name="day", type=schema_pb2.COLUMN_TYPE_DATE, nullable=True),
        schema_pb2.Column(name="local", type=schema_pb2.COLUMN_TYPE_TIMESTAMP),
        schema_pb2.Column(name="at", type=schema_pb2.COLUMN_TYPE_TIMESTAMP, nullable=True, utc=True),
    ]
)
ARROW = pa.schema(
    [
        pa.field("x", pa.float64(), nullable=False),
        pa.field("n", pa.int64()),
        pa.field("label", pa.dictionary(pa.int32(), pa.string())),
        pa.field("flag", pa.bool_(), nullable=False),
        pa.field("maybe", pa.bool_()),
        pa.field("note", pa.string()),
        pa.field("day", pa.date32()),
        pa.field("local", pa.timestamp("us"), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC")),
    ],
    metadata={"made-by": "the scripted server"},
)
LARGE = [f"label {number}" for number in range(5)]
EPOCH = datetime(1970, 1, 1)
IMAGE = schema_pb2.ImageSchema(height=4, width=6, channels=1)


def row(index: int, seed: int) -> Row:
    """What row `index` is."""
    return {
        "x": index * 0.5 + seed,
        "n": None if index % 7 == 3 else index - 2**40,
        "label": None if index % 5 == 4 else CATEGORIES[(index + seed) % 3],
        "flag": index % 2 == 0,
        "maybe": None if index % 11 == 6 else index % 3 == 0,
        "note": None if index % 3 == 1 else f"é{index}" * (index % 2),
        "day": None if index % 4 == 1 else date(2024, 2, 29) + timedelta(days=index % 1000),
        "local": datetime(1, 1, 1) + timedelta(days=index % 1000, microseconds=seed % 1000),
        "at": None if index % 6 == 2 else datetime(9999, 12, 31, tzinfo=UTC) - timedelta(hours=index % 1000),
    }


def pixels(index: int, seed: int) -> bytes:
    """What image `index` is."""
    return bytes((index * 7 + seed + position) % 256 for position in range(24))


@dataclass
class Fault:
    """What happens to one call: after `after` messages it ends with `code`, or hangs if that is None."""

    after: int = 0
    code: grpc.StatusCode | None = grpc.StatusCode.UNAVAILABLE
    details: list[Any] = field(default_factory=list)
    message: str = "scripted"
    then: Callable[[], None] = lambda: None
    """Called before the call ends."""

    @classmethod
    def retry_info(cls, after: int, seconds: float) -> Fault:
        """UNAVAILABLE with a wait that the server asks for."""
        delay = Duration()
        delay.FromMilliseconds(round(seconds * 1000))
        reason = error_details_pb2.ErrorInfo(reason="SHUTTING_DOWN", domain="synthserve")
        return cls(after, details=[reason, error_details_pb2.RetryInfo(retry_delay=delay)])


@dataclass
class ScriptedServer(generation_pb2_grpc.GenerationServiceServicer, model_pb2_grpc.ModelServiceServicer):
    """The server; tests set `faults` (one a call, then none) and read `requests`."""

    faults: list[Fault] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    unary_faults: list[Fault] = field(default_factory=list)
    metadata: list[dict[str, str | bytes]] = field(default_factory=list)
    seconds_left: list[float] = field(default_factory=list)
    mangle: Callable[[Any], Any] = lambda response: response
    parts: bool = False
    """Whether schemas and preambles come in parts, and descriptions in pages."""
    drawn_seed: int = 1000
    cancelled: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)
    target: str = ""

    def GenerateRows(self, request: Any, context: Any) -> Iterator[Any]:
        yield from self._play(request, context, self._rows(request))

    def GenerateImages(self, request: Any, context: Any) -> Iterator[Any]:
        yield from self._play(request, context, self._images(request))

    def ListModels(self, request: Any, context: Any) -> model_pb2.ListModelsResponse:
        self._unary(request, context)
        start = int(request.page_token or 0)
        found = [
            model_pb2.Model(
                name=f"models/m{index}",
                version=f"models/m{index}/versions/1",
                state=model_pb2.MODEL_STATE_READY,
                versions=[f"models/m{index}/versions/1"],
                table=SCHEMA,
                conditions=[schema_pb2.ConditionSpec(column="label", categories=CATEGORIES)],
                figures=[schema_pb2.QualityFigure(metric="f", value=0.5, reference=0.25)],
                card=schema_pb2.ModelCard(summary="Rows.", limits=["Few."]),
            )
            for index in range(5)
        ]
        next_page = str(start + 2) if start + 2 < len(found) else ""
        return model_pb2.ListModelsResponse(models=found[start : start + 2], next_page_token=next_page)

    def GetModel(self, request: Any, context: Any) -> model_pb2.GetModelResponse:
        self._unary(request, context)
        if request.name == "models/large":
            return self._page(request.page_token)
        if request.name == "models/broken":
            model = model_pb2.Model(
                name=request.name,
                version="models/broken/versions/2",
                state=model_pb2.MODEL_STATE_FAILED,
                state_reason="the digest is wrong",
            )
            return model_pb2.GetModelResponse(model=model)
        resource = error_details_pb2.ResourceInfo(resource_type="model", resource_name=request.name)
        info = error_details_pb2.ErrorInfo(
            reason="MODEL_NOT_FOUND", domain="synthserve", metadata={"model": request.name}
        )
        abort(context, Fault(code=grpc.StatusCode.NOT_FOUND, details=[info, resource], message="no such model"))
        raise AssertionError

    def _page(self, token: str) -> model_pb2.GetModelResponse:
        """A page of a description with two categories on each."""
        start = int(token or 0)
        labels = LARGE[start : start + 2]
        following = str(start + 2) if start + 2 < len(LARGE) else ""
        if start:
            part = schema_pb2.SchemaPart(columns=[schema_pb2.CategoryPart(index=0, categories=labels)])
            return model_pb2.GetModelResponse(part=part, next_page_token=following)
        column = schema_pb2.Column(
            name="label", type=schema_pb2.COLUMN_TYPE_CATEGORY, categories=labels, category_count=len(LARGE)
        )
        model = model_pb2.Model(
            name="models/large",
            version="models/large/versions/1",
            table=schema_pb2.TableSchema(columns=[column]),
            conditions=[schema_pb2.ConditionSpec(column="label", category_count=len(LARGE))],
        )
        return model_pb2.GetModelResponse(model=model, next_page_token=following)

    # No test of the client calls these; the service asks for them.

    def LoadModel(self, request: Any, context: Any) -> model_pb2.LoadModelResponse:
        raise NotImplementedError

    def UnloadModel(self, request: Any, context: Any) -> model_pb2.UnloadModelResponse:
        raise NotImplementedError

    def ReloadModels(self, request: Any, context: Any) -> model_pb2.ReloadModelsResponse:
        raise NotImplementedError

    def _unary(self, request: Any, context: Any) -> None:
        self.requests.append(request)
        self.metadata.append({str(key): value for key, value in context.invocation_metadata()})
        if self.unary_faults:
            abort(context, self.unary_faults.pop(0))

    def _play(self, request: Any, context: Any, responses: Iterator[Any]) -> Iterator[Any]:
        self.requests.append(request)
        self.metadata.append({str(key): value for key, value in context.invocation_metadata()})
        self.seconds_left.append(context.time_remaining())
        fault = self.faults.pop(0) if self.faults else None
        for number, response in enumerate(responses):
            if fault is not None and number == fault.after:
                break
            yield self.mangle(response)
        if fault is not None and fault.code is not None:
            fault.then()
            abort(context, fault)
        if fault is not None:
            over = threading.Event()
            context.add_callback(over.set)
            self.hanging.set()
            over.wait(60)
            self.cancelled.set()

    def _chunks(self, request: Any, per_message: int) -> Iterator[range]:
        count = request.count if request.HasField("count") else min(10**6, 2**63 - 1 - request.offset)
        if count == 0:
            yield range(request.offset, request.offset)
        for start in range(0, count, per_message):
            yield range(request.offset + start, request.offset + min(start + per_message, count))

    def _seed(self, request: Any) -> int:
        if request.HasField("seed"):
            return int(request.seed)
        self.drawn_seed += 1
        return self.drawn_seed

    def _rows(self, request: Any) -> Iterator[pb.GenerateRowsResponse]:
        seed = self._seed(request)
        for number, indices in enumerate(self._chunks(request, request.rows_per_message or 3)):
            rows = [row(index, seed) for index in indices]
            response = pb.GenerateRowsResponse(first_index=indices.start, row_count=len(rows))
            preamble, data = encode(rows, request.format)
            if number == 0:
                response.info.CopyFrom(pb.RowStreamInfo(model=VERSION, seed=seed, schema=SCHEMA, preamble=preamble))
            if number == 0 and self.parts:
                yield from cut(response)
                response = pb.GenerateRowsResponse(first_index=indices.start, row_count=len(rows))
            if isinstance(data, bytes):
                response.data = data
            else:
                response.columns.CopyFrom(data)
            yield response

    def _images(self, request: Any) -> Iterator[pb.GenerateImagesResponse]:
        seed = self._seed(request)
        media_type = {2: "image/jpeg", 3: "application/octet-stream"}.get(request.format, "image/png")
        for number, indices in enumerate(self._chunks(request, request.images_per_message or 3)):
            images = [encode_image(pixels(index, seed), media_type) for index in indices]
            response = pb.GenerateImagesResponse(first_index=indices.start, images=images)
            if number == 0:
                response.info.CopyFrom(
                    pb.ImageStreamInfo(model=VERSION, seed=seed, schema=IMAGE, media_type=media_type)
                )
            yield response


def cut(response: pb.GenerateRowsResponse) -> Iterator[pb.GenerateRowsResponse]:
    """A first response in parts: one for each category but the first, and two for the rest of the preamble."""
    response.row_count = 0
    preamble, categories = response.info.preamble, list(response.info.schema.columns[2].categories)
    parts = [schema_pb2.SchemaPart(columns=[schema_pb2.CategoryPart(index=2, categories=[c])]) for c in categories[1:]]
    parts += [schema_pb2.SchemaPart(preamble=half) for half in (preamble[1:9], preamble[9:])]
    del response.info.schema.columns[2].categories[1:]
    response.info.preamble = preamble[:1]
    response.info.part_count = len(parts)
    yield response
    for part in parts:
        yield pb.GenerateRowsResponse(part=part, first_index=response.first_index)


def abort(context: Any, fault: Fault) -> None:
    """Ends a call with an error, its details in the trailers."""
    assert fault.code is not None
    status = status_pb2.Status(code=fault.code.value[0], message=fault.message)
    for detail in fault.details:
        packed = Packed()
        packed.Pack(detail)
        status.details.append(packed)
    context.abort_with_status(rpc_status.to_status(status))


def encode_image(data: bytes, media_type: str) -> bytes:
    """Encodes the pixels of one image."""
    if media_type == "application/octet-stream":
        return data
    buffer = io.BytesIO()
    PIL.Image.frombytes("L", (6, 4), data).save(buffer, media_type.removeprefix("image/"))
    return buffer.getvalue()


def encode(rows: list[Row], wire: int) -> tuple[bytes, bytes | pb.ColumnBatch]:
    """Encodes rows: preamble and data."""
    if wire == pb.ROW_FORMAT_CSV:
        head, body = io.StringIO(), io.StringIO()
        csv.writer(head, lineterminator="\n").writerow([column.name for column in SCHEMA.columns])
        csv.writer(body, lineterminator="\n").writerows([list(r.values()) for r in rows])
        return head.getvalue().encode(), body.getvalue().encode()
    if wire == pb.ROW_FORMAT_JSON_LINES:
        return b"", "".join(json.dumps(r, default=str) + "\n" for r in rows).encode()
    if wire == pb.ROW_FORMAT_ARROW:
        return encode_arrow(rows)
    batch = pb.ColumnBatch()
    for column in SCHEMA.columns:
        values = [r[column.name] for r in rows]
        out = batch.columns.add()
        if column.nullable and None in values:
            out.validity.extend(value is not None for value in values)
        match column.type:
            case schema_pb2.COLUMN_TYPE_DOUBLE:
                out.doubles.values.extend(values)
            case schema_pb2.COLUMN_TYPE_INT64:
                out.int64s.values.extend(value or 0 for value in values)
            case schema_pb2.COLUMN_TYPE_CATEGORY:
                out.categories.codes.extend(-1 if v is None else CATEGORIES.index(v) for v in values)
            case schema_pb2.COLUMN_TYPE_STRING:
                texts = [(value or "").encode() for value in values]
                out.strings.offsets.extend(itertools.accumulate(map(len, texts), initial=0))
                out.strings.data = b"".join(texts)
            case schema_pb2.COLUMN_TYPE_DATE:
                out.dates.days.extend(((value or EPOCH.date()) - EPOCH.date()).days for value in values)
            case schema_pb2.COLUMN_TYPE_TIMESTAMP:
                found = [EPOCH if value is None else value.replace(tzinfo=None) for value in values]
                out.timestamps.microseconds.extend((value - EPOCH) // timedelta(microseconds=1) for value in found)
            case _:
                out.bools.values.extend(bool(value) for value in values)
    return b"", batch


def encode_arrow(rows: list[Row]) -> tuple[bytes, bytes]:
    """Encodes rows as Arrow IPC; the preamble holds schema and dictionary, found by writing no rows and some."""

    def batch(part: list[Row]) -> pa.RecordBatch:
        codes = [None if r["label"] is None else CATEGORIES.index(r["label"]) for r in part]
        labels = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(CATEGORIES))
        plain = {name: [r[name] for r in part] for name in ARROW.names if name != "label"}
        arrays = [labels if entry.name == "label" else pa.array(plain[entry.name], entry.type) for entry in ARROW]
        return pa.RecordBatch.from_arrays(arrays, schema=ARROW)

    def written(*parts: list[Row]) -> bytes:
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, ARROW) as writer:
            for part in parts:
                writer.write_batch(batch(part))
        return sink.getvalue()[:-8]  # without the end mark

    once, twice = written(rows), written(rows, rows)
    return once[: 2 * len(once) - len(twice)], twice[len(once) :]


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A scripted server; its address is `scripted.target`."""
    servicer = ScriptedServer()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    generation_pb2_grpc.add_GenerationServiceServicer_to_server(servicer, server)
    model_pb2_grpc.add_ModelServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    servicer.target = f"127.0.0.1:{port}"
    server.start()
    yield servicer
    server.stop(0).wait()


@pytest.fixture
def retry() -> synthserve.RetryPolicy:
    """Retries without waiting."""
    return synthserve.RetryPolicy(initial_backoff=0.0, max_backoff=0.0)


@pytest.fixture
def client(scripted: ScriptedServer, retry: synthserve.RetryPolicy) -> Iterator[synthserve.Client]:
    """A client of the scripted server."""
    with synthserve.Client(scripted.target, retry=retry) as connected:
        yield connected


@pytest.fixture
def expected() -> Callable[..., list[Row]]:
    """What the rows of the scripted server are: `expected(range, seed)`."""
    return lambda indices, seed: [row(index, seed) for index in indices]


@pytest.fixture
def expected_pixels() -> Callable[[int, int], bytes]:
    """What an image of the scripted server is: `expected_pixels(index, seed)`."""
    return pixels


@pytest.fixture
def fault() -> type[Fault]:
    """The type of the faults to script."""
    return Fault
