"""What tests of reading share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from synthserve_training.data.reading import FileLayout, ReadingNote, TableSource, open_table
from synthserve_training.tables.recipe import SourceOptions


@dataclass(frozen=True)
class Reading:
    """A source that was read."""

    source: TableSource
    frame: pl.DataFrame

    @property
    def layout(self) -> FileLayout:
        return self.source.layout

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return self.frame.rows()

    @property
    def notes(self) -> list[ReadingNote]:
        return list(self.source.notes())

    def note(self, text: str) -> ReadingNote:
        """The only note with a text."""
        (found,) = [note for note in self.notes if text in note.text]
        return found


def read(address: object, query: str | None = None, **options: Any) -> Reading:
    """Reads a source, in one go and once more, as its layout says."""
    source = open_table(str(address), SourceOptions(**options), query=query)
    chunks = list(source.chunks())
    assert len({tuple(chunk.schema.items()) for chunk in chunks}) == 1
    frame = pl.concat(chunks)
    assert frame.columns == list(source.layout.names)
    return Reading(source, frame)


ReadText = Callable[..., Reading]


@pytest.fixture
def read_text(tmp_path: Path) -> ReadText:
    """Reads a text, and again as its layout says, which must give the same."""

    def action(content: str | bytes, **options: Any) -> Reading:
        path = tmp_path / "table.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        found = read(path, **options)
        again = open_table(str(path), found.layout.options())
        assert again.layout == found.layout
        assert pl.concat(list(again.chunks())).equals(found.frame)
        return found

    return action
