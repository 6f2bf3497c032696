"""What a call is called in logs, traces and errors, and by those who called."""

import re
import uuid

from synthserve_server.telemetry.metadata import Metadata, value

KEY = "x-request-id"
"""The metadata that carries it, in both directions."""

_WELL_FORMED = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
"""UUIDs, ULIDs, hexadecimal and base64 digits, and what load balancers make; nothing that a log could take for more."""

_TRACE_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""https://www.w3.org/TR/trace-context/#traceparent-header"""


def request_id(metadata: Metadata) -> str:
    """The id that the caller has given the call, if it is well-formed, else a new one."""
    given = value(metadata, KEY)
    return given if given and _WELL_FORMED.fullmatch(given) else str(uuid.uuid4())


def trace_id(metadata: Metadata) -> str:
    """The id of the trace that the call is part of, as the caller says; empty where it says none."""
    match = _TRACE_PARENT.fullmatch(value(metadata, "traceparent") or "")
    return match[1] if match else ""
