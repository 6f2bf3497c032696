"""Whether what a side sends is what it was asked for, before any of it is timed."""

from dataclasses import replace

from tests.benchmarks.drivers import fetch
from tests.benchmarks.plans import Plan, Transport
from tests.benchmarks.workloads import Workload

PNG = b"\x89PNG\r\n\x1a\n"
PNG_BASE64 = b"iVBORw0KGgo"

SAMPLES = 20
LIMIT = 60.0
LARGEST_SCHEMA = 16 << 10
"""The most bytes of the names and categories of a table."""


def small(workload: Workload) -> Workload:
    """The same for a few samples and one caller."""
    return replace(workload, count=SAMPLES, callers=1, first_only=False)


def complaint(plan: Plan, row_width: int) -> str | None:
    """What is wrong with what a side sends for a small workload; None: nothing.

    Args:
        plan: Of a workload from `small`, for a transport whose bytes are counted.
        row_width: The bytes of one row as bare columns.
    """
    workload = plan.workload
    body = fetch(plan)
    if workload.form == "png":
        return _expect("images", max(body.count(PNG), body.count(PNG_BASE64)), workload.count)
    if workload.form == "typed" or (workload.form == "arrow" and plan.transport is not Transport.GRPC_STREAM):
        # Around the values are the schema and their lengths; without them the body is exactly as long as the values.
        least = row_width * workload.count
        most = least if plan.transport is Transport.HTTP else least + LARGEST_SCHEMA
        return None if least <= len(body) <= most else f"{len(body)} bytes, not {least} to {most}"
    if plan.transport is Transport.GRPC_STREAM:
        # Text and Arrow of this server lie within messages, whose own bytes can be line ends: the tests look closer.
        return None if len(body) > row_width else f"{len(body)} bytes"
    return _expect("lines", body.count(b"\n"), workload.count + (workload.form == "csv"))


def _expect(what: str, found: int, wanted: int) -> str | None:
    return None if found == wanted else f"{found} {what}, not {wanted}"
