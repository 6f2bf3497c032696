"""Request ids, which identify calls in logs, traces, errors and clients."""

import re
import uuid

from synthserve_server.telemetry.metadata import Metadata, value

KEY = "x-request-id"
"""The metadata key of the request id, in both directions."""

_WELL_FORMED = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
"""UUIDs, ULIDs, hexadecimal and base64 digits, and the ids of load balancers; nothing that could forge log lines."""

_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""


def request_id(metadata: Metadata) -> str:
    """The request id of the caller if it is well-formed, else a new one."""
    given = value(metadata, KEY)
    return given if given and _WELL_FORMED.fullmatch(given) else str(uuid.uuid4())


def trace_id(metadata: Metadata) -> str:
    """The trace id that the caller sent; empty if it sent none."""
    match = _TRACE_PARENT.fullmatch(value(metadata, "traceparent") or "")
    return match[1] if match else ""
