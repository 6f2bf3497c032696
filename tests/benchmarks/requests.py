"""The requests of a workload: of this server's contract, and of the V2 protocol."""

import struct

from tests.benchmarks.workloads import Workload

from synthserve.v1 import generation_pb2

SEED = 7

ROW_FORMATS = {
    "typed": generation_pb2.ROW_FORMAT_COLUMNS,
    "arrow": generation_pb2.ROW_FORMAT_ARROW,
    "csv": generation_pb2.ROW_FORMAT_CSV,
    "jsonl": generation_pb2.ROW_FORMAT_JSON_LINES,
}


def row_request(workload: Workload) -> generation_pb2.GenerateRowsRequest:
    """Asks this server for rows; it chooses the size of messages."""
    return generation_pb2.GenerateRowsRequest(
        model=f"models/{workload.model}", count=workload.count, seed=SEED, format=ROW_FORMATS[workload.form]
    )


def image_request(workload: Workload) -> generation_pb2.GenerateImagesRequest:
    """Asks this server for images as PNG; it chooses the size of messages."""
    return generation_pb2.GenerateImagesRequest(model=f"models/{workload.model}", count=workload.count, seed=SEED)


def infer_request(model: str, count: int) -> bytes:
    """A serialised `inference.ModelInferRequest` whose one input is the number of samples, as raw bytes.

    Written by hand, so that the V2 protocol needs no stubs here: fields 1 model_name, 5 inputs (1 name, 2 datatype,
    3 shape) and 7 raw_input_contents.
    """
    shape = b"\x1a\x01\x01"
    tensor = _field(1, b"count") + _field(2, b"INT64") + shape
    return _field(1, model.encode()) + _field(5, tensor) + _field(7, struct.pack("<q", count))


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes, text or a message; none here is longer than 127 bytes."""
    return bytes([number << 3 | 2, len(value)]) + value
