"""Specifies what to generate, for calls to a server, scripts and bulk jobs alike."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from synthserve_core.contract.conditions import Settings, Test, query, settings
from synthserve_core.contract.model import Model

LARGEST = 2**63 - 1
"""The largest seed, offset and `offset + count`: the end of the indices."""

_LONGEST_SOURCE = 512
"""The most bytes of conditions in the provenance of an image: each image carries it, and in a JPEG at most 64 KiB."""


@dataclass(frozen=True)
class GenerationSpec:
    """Which samples of a model to generate: with the model version it determines every value.

    Attributes:
        model: The model version.
        seed: From 0 to 2^63 - 1.
        start: The index of the first sample.
        count: How many samples; None: up to the end of the indices.
        tests: The conditions of the caller, by name.
        settings: The same conditions as inputs of the graph, by name.
    """

    model: Model
    seed: int
    start: int
    count: int | None
    tests: Mapping[str, Test] = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ValueError: One is out of its range, or not a whole number.
        """
        for name, value in (("seed", self.seed), ("start", self.start), ("count", self.count)):
            if value is None:
                continue
            if type(value) is not int or not 0 <= value <= LARGEST:
                raise ValueError(f"{name} must be a whole number from 0 to {LARGEST}, not {value!r}")
        if self.stop > LARGEST:
            raise ValueError("start + count must stay below 2^63")

    @property
    def stop(self) -> int:
        """The index after the last one."""
        return LARGEST if self.count is None else self.start + self.count

    def where(self, tests: Mapping[str, Test]) -> "GenerationSpec":
        """The same specification under conditions.

        Args:
            tests: The conditions, by name.

        Raises:
            ConditionError: The model does not have a condition, or none of its samples can fulfil it.
        """
        return replace(self, tests=tests, settings=settings(self.model.conditions, tests))

    def provenance(self) -> dict[str, str]:
        """The metadata and file headers that mark samples as synthetic and say how to generate them again."""
        found = {
            "synthserve-synthetic": "true",
            "synthserve-model": self.model.name,
            "synthserve-seed": str(self.seed),
            "synthserve-offset": str(self.start),
        }
        if self.count is not None:
            found["synthserve-count"] = str(self.count)
        if self.tests:
            found["synthserve-where"] = self.query
        return found

    @cached_property
    def query(self) -> str:
        """The conditions as a query string: `country=AT%2CDE&age=30..40`. Thousands of values take a while."""
        return query(self.tests) if self.tests else ""

    def image_source(self) -> tuple[str, str]:
        """The provenance of an image, in two parts: before and after its index.

        With the index, they form a query that identifies the image: `mnist-cgan/1?seed=7&index=12&where.digit=3`. Long
        conditions, such as those that list many values, are replaced by their SHA-256.
        """
        source = f"{self.model.id}/{self.model.version}?seed={self.seed}&index="
        where = query(self.tests, "where.")
        if len(where) > _LONGEST_SOURCE:
            where = f"where-sha256={hashlib.sha256(where.encode()).hexdigest()}"
        return source, f"&{where}" if self.tests else ""

    def schema_metadata(self) -> dict[str, str]:
        """The provenance as keys of an Arrow schema."""
        return {key.replace("-", "."): value for key, value in self.provenance().items()}
