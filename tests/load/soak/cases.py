"""What clients ask for, and how to tell whether they got it: digests that do not depend on how a stream was cut."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.csv

import synthserve

FIRST_SEED, SEEDS = 7, 3


@dataclass
class Content:
    """The digest of what came; of pictures, that of their pixels and beside it that of their files."""

    digest: Any = field(default_factory=hashlib.sha256)
    files: Any = field(default_factory=hashlib.sha256)
    samples: int = 0

    def write(self, data: bytes) -> int:
        """Takes bytes, as a file does."""
        self.digest.update(data)
        return len(data)

    def flush(self) -> None:
        """Does nothing: there is nobody to hand the bytes to."""

    def row(self, row: synthserve.Row) -> None:
        """Takes a row."""
        self.samples += 1
        self.write(repr(row).encode())

    def batch(self, batch: pa.RecordBatch) -> None:
        """Takes rows as Arrow."""
        self.samples += batch.num_rows
        sink = pa.BufferOutputStream()
        pa.csv.write_csv(batch, sink, pa.csv.WriteOptions(include_header=False))
        self.write(sink.getvalue().to_pybytes())

    def image(self, image: synthserve.Image) -> None:
        """Takes a picture."""
        self.samples += 1
        self.write(image.index.to_bytes(8) + image.to_pil().tobytes())
        self.files.update(image.bytes)

    def found(self) -> tuple[str, str]:
        """The digests."""
        return self.digest.hexdigest(), self.files.hexdigest()


@dataclass(frozen=True)
class Case:
    """One kind of stream."""

    name: str
    model: str
    count: int
    how: str
    """`typed`, `arrow`, `to_csv`, `to_jsonl`, or the format of pictures."""
    more: tuple[tuple[str, Any], ...] = ()

    def stream(self, client: Any, seed: int, **options: Any) -> Any:
        """Asks a sync or asyncio client."""
        more = {**dict(self.more), **options}
        if self.how in ("png", "jpeg", "raw"):
            return client.images(self.model, count=self.count, seed=seed, format=self.how, **more)
        return client.rows(self.model, count=self.count, seed=seed, **more)

    def read(self, client: synthserve.Client, seed: int) -> Content:
        """Reads the stream to its end."""
        content, stream = Content(), self.stream(client, seed)
        if self.how in ("to_csv", "to_jsonl"):
            content.samples = getattr(stream, self.how)(content)
            return content
        take = self._take(content)
        for sample in stream.batches() if self.how == "arrow" else stream:
            take(sample)
        return content

    async def read_async(self, client: synthserve.AsyncClient, seed: int) -> Content:
        """The same with asyncio."""
        content, stream = Content(), self.stream(client, seed)
        if self.how in ("to_csv", "to_jsonl"):
            content.samples = await getattr(stream, self.how)(content)
            return content
        take = self._take(content)
        async for sample in stream.batches() if self.how == "arrow" else stream:
            take(sample)
        return content

    def _take(self, content: Content) -> Callable[[Any], None]:
        return {"typed": content.row, "arrow": content.batch}.get(self.how, content.image)


CASES = [
    Case("rows, one, typed", "tiny-table@1", 1, "typed"),
    Case("rows, some, typed", "tiny-table@1", 500, "typed", (("where", {"species": "setosa"}),)),
    Case("rows, many, typed", "tiny-table@1", 20_000, "typed"),
    Case("rows, some, CSV", "tiny-table@1", 1_000, "to_csv", (("rows_per_message", 7),)),
    Case("rows, many, CSV", "tiny-table@1", 300_000, "to_csv"),
    Case("rows, many, JSON lines", "tiny-table@1", 50_000, "to_jsonl", (("offset", 10**12),)),
    Case("rows, many, Arrow", "tiny-table@1", 300_000, "arrow"),
    Case("rows of a slow graph", "paced@1", 500, "typed", (("where", {"pace": "quick"}),)),
    Case("pictures, one, PNG", "tiny-grey@1", 1, "png"),
    Case("pictures, many, PNG", "tiny-grey@1", 2_000, "png"),
    Case("pictures, some, JPEG", "tiny-rgb@1", 300, "jpeg", (("offset", 3),)),
    Case("pictures, some, raw", "tiny-rgb@1", 1_000, "raw"),
]


class References:
    """The right content of each case and seed, read from a server before anything is done to it."""

    def __init__(self, client: synthserve.Client) -> None:
        self._known = {
            (case.name, seed): case.read(client, seed).found()
            for case in CASES
            for seed in range(FIRST_SEED, FIRST_SEED + SEEDS)
        }

    def pick(self, chance: random.Random) -> tuple[Case, int]:
        """A case and a seed."""
        return chance.choice(CASES), chance.randrange(FIRST_SEED, FIRST_SEED + SEEDS)

    def of(self, case: Case, seed: int) -> tuple[str, str]:
        """Its digests."""
        return self._known[case.name, seed]
