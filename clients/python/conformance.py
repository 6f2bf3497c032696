"""Plays conformance cases through the public API, as tests/conformance/README.md describes.

python clients/python/conformance.py PLAY
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyarrow as pa

import synthserve
from synthserve import Client, ImageStream, RowStream, SynthserveError

_NO_RETRIES = synthserve.RetryPolicy(start_attempts=1, resume_attempts=1)


class Clients:
    """The clients of a play, made when a case needs one."""

    def __init__(self, connections: dict[str, dict[str, str]]) -> None:
        self._connections = connections
        self._clients: dict[tuple[str, bool], Client] = {}

    def get(self, name: str, *, retries: bool) -> Client:
        """The client of a connection, with or without retries."""
        if (name, retries) not in self._clients:
            connection = self._connections[name]
            self._clients[name, retries] = Client(
                connection["target"],
                credentials=synthserve.tls_credentials(connection["ca"]) if "ca" in connection else None,
                token=connection.get("token"),
                retry=None if retries else _NO_RETRIES,
            )
        return self._clients[name, retries]


class Interruption:
    """Pauses or cancels a stream when enough has come, once."""

    def __init__(self, case: dict[str, Any]) -> None:
        self._case = case
        self.samples = 0
        self.cancelled = False
        self.stream: RowStream | ImageStream
        self._pause_after = int(case["pause_after"]) if "pause_after" in case else None
        self._cancel_after = int(case["cancel_after"]) if "cancel_after" in case else None

    def after_message(self, samples: int) -> None:
        """Takes note of how many samples have come; the client calls it after each message."""
        self.samples = samples
        if self._pause_after is not None and samples >= self._pause_after:
            self._pause_after = None
            say({"case": self._case["name"], "paused": True})
            sys.stdin.readline()
        if self._cancel_after is not None and samples >= self._cancel_after:
            self._cancel_after = None
            self.cancelled = True
            self.stream.close()


class Hashing:
    """A file that keeps a digest of what is written to it."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Takes the next bytes."""
        self.sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def play(case: dict[str, Any], clients: Clients) -> dict[str, Any]:
    """Plays a case and returns its result."""
    interruption = Interruption(case)
    try:
        client = clients.get(case["connection"], retries=case.get("retries", True))
        if case["call"] == "models":
            return {"models": [f"models/{model.name}/versions/{model.version}" for model in client.models()]}
        if case["call"] == "model":
            return _described(client.model(case["model"]))
        options: dict[str, Any] = {name: int(case[name]) for name in ("count", "seed", "offset") if name in case}
        options |= {"where": _where(case.get("where", {})), "on_progress": interruption.after_message}
        if "timeout_ms" in case:
            options["timeout"] = case["timeout_ms"] / 1000
        stream: RowStream | ImageStream
        if case["call"] == "rows":
            stream = client.rows(case["model"], rows_per_message=case.get("per_message", 0), **options)
            interruption.stream = stream
            digest = _row_digest(stream, case.get("format", "columns"))
        else:
            stream = client.images(
                case["model"],
                images_per_message=case.get("per_message", 0),
                format=case.get("format", "png"),
                jpeg_quality=case.get("jpeg_quality"),
                **options,
            )
            interruption.stream = stream
            digest = _image_digest(stream, case.get("format", "png"))
        ended = {"sha256": digest, "model": _resource(stream.model), "seed": str(stream.seed)}
        return {"samples": str(interruption.samples), **ended}
    except SynthserveError as error:
        if isinstance(error, synthserve.Cancelled) and interruption.cancelled:
            return {"samples": str(interruption.samples), "cancelled": True}
        return {"samples": str(interruption.samples), "error": _failure(error)}


def _where(conditions: dict[str, Any]) -> dict[str, object]:
    """The conditions of a case, as a caller writes them."""
    return {column: _test(test) for column, test in conditions.items()}


def _test(test: Any) -> object:  # noqa: ANN401 - what JSON holds
    if not isinstance(test, dict):
        return test
    if "missing" in test:
        return None if test["missing"] else synthserve.present
    return synthserve.between(test.get("low"), test.get("high"))


def _row_digest(stream: RowStream, encoding: str) -> str:
    if encoding == "columns":
        return _column_digest(stream)
    file = Hashing()
    write = {"csv": stream.to_csv, "json_lines": stream.to_jsonl, "arrow": stream.to_arrow_stream}[encoding]
    write(cast("BinaryIO", file))
    return file.sha256.hexdigest()


def _column_digest(stream: RowStream) -> str:
    columns = [hashlib.sha256() for _ in stream.schema.columns]
    for batch in stream.batches():
        for digest, column in zip(columns, batch.columns, strict=True):
            digest.update(_encoded(column))
    return hashlib.sha256(b"".join(digest.digest() for digest in columns)).hexdigest()


def _encoded(column: pa.Array) -> bytes:
    """One byte that says whether the value is there, and the value if it is."""
    valid = np.asarray(column.is_valid())
    if pa.types.is_string(column.type):
        column = column.dictionary_encode()
    if pa.types.is_date(column.type):
        column = column.view(pa.int32())
    if pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    if pa.types.is_dictionary(column.type):
        texts = [text.encode() for text in column.dictionary.to_pylist()]
        cells = [b"\1" + len(text).to_bytes(4, "little") + text for text in texts]
        return b"".join(b"\0" if code is None else cells[code] for code in column.indices.to_pylist())
    values = np.asarray(column.fill_null(False if pa.types.is_boolean(column.type) else 0))
    packed = np.empty(len(values), np.dtype([("there", "u1"), ("value", values.dtype.newbyteorder("<"))]))
    packed["there"], packed["value"] = valid, values
    kept = np.ones((len(values), packed.dtype.itemsize), np.bool_)
    kept[:, 1:] = valid[:, np.newaxis]
    return packed.view(np.uint8).reshape(kept.shape)[kept].tobytes()


def _image_digest(stream: ImageStream, encoding: str) -> str:
    digest = hashlib.sha256()
    for image in stream:
        digest.update(image.to_pil().tobytes() if encoding == "png" else image.bytes)
    return digest.hexdigest()


def _described(model: synthserve.Model) -> dict[str, Any]:
    columns = model.table.columns if model.table else ()
    return {
        "model": f"models/{model.name}/versions/{model.version}",
        "columns": [column.name for column in columns],
        "types": [f"{column.type}_utc" if column.utc else column.type for column in columns],
        "category_counts": [len(column.categories) for column in columns],
        "conditions": [condition.name for condition in model.conditions],
        "condition_kinds": [condition.kind for condition in model.conditions],
        "graph_sha256": model.graph_sha256,
    }


def _failure(error: SynthserveError) -> dict[str, Any]:
    said: dict[str, Any] = {"code": error.code}
    if error.reason:
        said["reason"] = error.reason
    if isinstance(error, synthserve.InvalidRequest) and error.violations:
        said["fields"] = [violation.field for violation in error.violations]
    if isinstance(error, synthserve.ModelNotFound) and error.resource:
        said["resource"] = error.resource
    if isinstance(error, synthserve.ModelNotReady) and error.violations:
        said["preconditions"] = [violation.subject for violation in error.violations]
    if isinstance(error, synthserve.ResourceExhausted) and error.violations:
        said["quotas"] = [violation.subject for violation in error.violations]
    if isinstance(error, (synthserve.ResourceExhausted, synthserve.Unavailable)) and error.retry_delay is not None:
        said["retry_ms"] = error.retry_delay * 1000
    return said


def _resource(name: str) -> str:
    model, version = name.split("@")
    return f"models/{model}/versions/{version}"


def say(content: dict[str, Any]) -> None:
    """Prints one line."""
    print(json.dumps(content), flush=True)


def main() -> None:
    """Plays the cases of the file that was named."""
    content = json.loads(Path(sys.argv[1]).read_text())
    clients = Clients(content["connections"])
    for case in content["cases"]:
        say({"case": case["name"], **play(case, clients)})


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        # Python flushes once more at exit, and would report an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141 if isinstance(error, BrokenPipeError) else f"conformance.py: {error}")
