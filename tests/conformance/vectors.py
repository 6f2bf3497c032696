"""The cases in `vectors.json`: what to ask, and what must come."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

FILE = Path(__file__).with_name("vectors.json")

Decimal = Annotated[str, Field(pattern="^[0-9]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Strict):
    """An error as a caller sees it; what is unset did not come with it."""

    code: str
    reason: str | None = None
    fields: list[str] | None = None
    resource: str | None = None
    retry_ms: float | Literal["any"] | None = None
    """What `RetryInfo` says; "any" in what is expected: more than 0."""
    quotas: list[str] | None = None
    preconditions: list[str] | None = None


class Bounds(_Strict):
    """A range that includes both ends; an end that is unset is open."""

    low: str | None = None
    high: str | None = None


class Missing(_Strict):
    """Whether the value is missing."""

    missing: bool


Test = str | list[str | None] | Bounds | Missing | None
"""A condition: a value, several values (None: or a missing one), a range, or whether there is one. None: missing."""


class Outcome(_Strict):
    """What came of a case: what a runner says, and what is expected of it."""

    samples: Decimal | None = None
    sha256: str | None = None
    model: str | None = None
    seed: Decimal | None = None
    cancelled: bool | None = None
    models: list[str] | None = None
    columns: list[str] | None = None
    conditions: list[str] | None = None
    types: list[str] | None = None
    condition_kinds: list[str] | None = None
    category_counts: list[int] | None = None
    graph_sha256: str | None = None
    error: Failure | None = None


class Case(_Strict):
    """What to ask; README.md says what the fields mean."""

    name: str
    connection: str
    call: Literal["rows", "images", "models", "model"]
    model: str | None = None
    count: Decimal | None = None
    seed: Decimal | None = None
    offset: Decimal | None = None
    where: dict[str, Test] | None = None
    format: Literal["columns", "csv", "json_lines", "arrow", "png", "jpeg", "raw"] | None = None
    per_message: int | None = None
    jpeg_quality: int | None = None
    timeout_ms: int | None = None
    retries: bool | None = None
    cancel_after: Decimal | None = None
    pause_after: Decimal | None = None
    expect: Outcome


_CASES = TypeAdapter(list[Case])


def read(file: Path = FILE) -> list[Case]:
    """Reads the cases."""
    return _CASES.validate_json(file.read_bytes())


def write(cases: Sequence[Case], file: Path = FILE) -> None:
    """Writes the cases, one in a line."""
    lines = (json.dumps(_sparse(case), ensure_ascii=False) for case in cases)
    file.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def write_play(cases: Sequence[Case], connections: dict[str, dict[str, str]], file: Path) -> None:
    """Writes what a runner reads: the cases without what is expected of them."""
    asked = [{key: value for key, value in _sparse(case).items() if key != "expect"} for case in cases]
    file.write_text(json.dumps({"connections": connections, "cases": asked}, ensure_ascii=False))


def differences(expected: Outcome, got: Outcome) -> list[str]:
    """Tells what differs from what is expected, in words; nothing where an expectation is unset and not an error's."""
    found = []
    for name, value in expected.model_dump(exclude_unset=True, exclude={"error"}).items():
        actual = getattr(got, name)
        if actual != value:
            found.append(f"{name} is {actual}, not {value}")
    if (expected.error is None) != (got.error is None):
        return [f"error is {got.error}, not {expected.error}"]
    if expected.error is not None and got.error is not None:
        found += _error_differences(expected.error, got.error)
    return found


def _error_differences(expected: Failure, got: Failure) -> list[str]:
    # An error has exactly the details of the contract: also what came without being expected is a difference.
    found = []
    for name in Failure.model_fields:
        value, actual = getattr(expected, name), getattr(got, name)
        if value == "any":
            if actual is None or actual <= 0:
                found.append(f"error.{name} is {actual}, not more than 0")
        elif name == "fields" and value is not None and actual is not None:
            if sorted(actual) != sorted(value):
                found.append(f"error.{name} is {actual}, not {value}")
        elif actual != value:
            found.append(f"error.{name} is {actual}, not {value}")
    return found


def _sparse(case: Case) -> dict[str, object]:
    return case.model_dump(exclude_unset=True)
