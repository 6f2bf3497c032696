"""A profile: which call is made, how it arrives, and what counts as keeping up. One TOML file; docs/load.md."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tests.load.open_loop.errors import ProfileError

from synthserve_core import text_files

Conditions = dict[str, str]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Rate = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GetModel(_Table):
    """The unary call that describes a model."""

    method: Literal["GetModel"]
    model: str
    """`iris-vae`, or `models/iris-vae/versions/2`; the same below."""


class GenerateRows(_Table):
    """A stream of rows."""

    method: Literal["GenerateRows"]
    model: str
    count: Count
    """Rows a call."""
    format: Literal["columns", "arrow", "csv", "json_lines"] = "columns"
    conditions: Conditions = {}
    rows_per_message: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """0: the server chooses."""


class GenerateImages(_Table):
    """A stream of pictures."""

    method: Literal["GenerateImages"]
    model: str
    count: Count
    """Pictures a call."""
    format: Literal["png", "jpeg", "raw"] = "png"
    conditions: Conditions = {}
    images_per_message: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """0: the server chooses."""


CallOf = Annotated[GetModel | GenerateRows | GenerateImages, Field(discriminator="method")]


class Load(_Table):
    """How calls arrive."""

    arrivals: Literal["poisson", "constant"] = "poisson"
    """Of callers who know nothing of each other, or at equal distances."""
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 7
    """Of the arrivals, and of what is generated."""
    step_seconds: Annotated[float, Field(ge=0.2, le=3600, allow_inf_nan=False)] = 3.0
    """How long a rate is offered; twice as long at most where that is too few calls."""
    start_rate: Rate | None = None
    """Calls a second of the first step after the one that counts as no load; unset: that times `growth`."""
    most_rate: Rate = 1_000_000.0
    """No step offers more calls a second."""
    growth: Annotated[float, Field(ge=1.05, le=10, allow_inf_nan=False)] = 1.5
    """What a rate that held is multiplied with."""
    timeout_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 10.0
    """The deadline of a call."""
    connections: Annotated[int, Field(ge=1, le=1000)] = 4
    """Of each driver; calls take turns on them."""
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Calls under way at once, of each driver. Those that are due beyond are not begun, and counted."""


class Criteria(_Table):
    """When a rate is held: all of its calls are answered, and this."""

    throughput_within: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """By which part fewer calls may be answered than are offered."""
    p99_factor: Annotated[float, Field(gt=1, le=1000)] = 5.0
    """How many times the p99 without load the p99 may be, of the first message and of the whole call."""
    p99_allowed_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 20.0
    """A p99 up to here is never too much: on a machine that does other things, too, it says little of the server."""


class Profile(_Table):
    """What a file says."""

    title: Annotated[str, Field(min_length=1, max_length=100)]
    call: CallOf
    load: Load = Load()
    knee: Criteria = Criteria()

    @property
    def samples(self) -> int:
        """Samples a call; 0 where it generates none."""
        return 0 if isinstance(self.call, GetModel) else self.call.count


def read(file: Path) -> Profile:
    """Reads a profile.

    Raises:
        ProfileError: It is not there, not TOML, or has a field that is missing, unknown or not allowed.
    """
    try:
        content = tomllib.loads(text_files.read(file))
    except OSError as error:
        raise ProfileError(f"{file}: {error.strerror}") from None
    except text_files.TextFileError as error:
        raise ProfileError(f"{file} {error}") from None
    except (ValueError, RecursionError) as error:
        raise ProfileError(f"{file}: not TOML: {error}") from None
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in error.errors())
        raise ProfileError(f"{file}: {problems}") from None


def _place(location: tuple[str | int, ...]) -> str:
    """The field's name; `call` has the method between it and its fields, which is not in the file."""
    parts = [str(part) for part in location]
    if len(parts) > 2 and parts[0] == "call":
        del parts[1]
    return ".".join(parts)
