"""A server that does what a test tells it to: breaks streams, lets them hang, sends nonsense.

It is a real gRPC server on loopback. What it generates is a pure function of seed and index, as the contract says, but
needs no model: the tests that use it are about the client.
"""

# Requests of all kinds, and the names of the contract.
# ruff: noqa: N802 - the names that the contract gives

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
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
        schema_pb2.Column(name="label", type=schema_pb2.COLUMN_TYPE_CATEGORY, categories=CATEGORIES, nullable=True),
        schema_pb2.Column(name="flag", type=schema_pb2.COLUMN_TYPE_BOOL),
        schema_pb2.Column(name="maybe", type=schema_pb2.COLUMN_TYPE_BOOL, nullable=True),
    ]
)
ARROW = pa.schema(
    [
        pa.field("x", pa.float64(), nullable=False),
        pa.field("n", pa.int64()),
        pa.field("label", pa.dictionary(pa.int32(), pa.string())),
        pa.field("flag", pa.bool_(), nullable=False),
        pa.field("maybe", pa.bool_()),
    ],
    metadata={"made-by": "the scripted server"},
)
IMAGE = schema_pb2.ImageSchema(height=4, width=6, channels=1)


def row(index: int, seed: int) -> Row:
    """What row `index` is."""
    return {
        "x": index * 0.5 + seed,
        "n": None if index % 7 == 3 else index - 2**40,
        "label": None if index % 5 == 4 else CATEGORIES[(index + seed) % 3],
        "flag": index % 2 == 0,
        "maybe": None if index % 11 == 6 else index % 3 == 0,
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
        return b"", "".join(json.dumps(r) + "\n" for r in rows).encode()
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
            case _:
                out.bools.values.extend(bool(value) for value in values)
    return b"", batch


def encode_arrow(rows: list[Row]) -> tuple[bytes, bytes]:
    """Encodes rows as Arrow IPC; the preamble holds schema and dictionary, found by writing no rows and some."""

    def batch(part: list[Row]) -> pa.RecordBatch:
        codes = [None if r["label"] is None else CATEGORIES.index(r["label"]) for r in part]
        labels = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(CATEGORIES))
        plain = {name: [r[name] for r in part] for name in ("x", "n", "flag", "maybe")}
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
