"""Some of the pictures of a source, chosen at random while they pass, and the contact sheet of them."""

import random
from collections.abc import Iterator

from PIL import Image, ImageDraw, ImageFont

from synthserve_training.data.pictures.classes import natural
from synthserve_training.data.pictures.inspection.glances import CELL

_COLUMNS = 10
_ROWS = 10
"""Of pictures without labels."""

_MOST_CLASSES = 40
_GAP, _CAPTION = 4, 16
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


class Shown:
    """Thumbnails: of each of the first classes some, or of all pictures. Memory does not grow with their number."""

    def __init__(self) -> None:
        self._samples: dict[str | None, _Sample] = {}

    def add(self, label: str | None, thumbnail: Image.Image) -> None:
        """Adds a picture, which is kept or not."""
        if label not in self._samples:
            if len(self._samples) == _MOST_CLASSES:
                return
            self._samples[label] = _Sample(_COLUMNS if label is not None else _COLUMNS * _ROWS)
        self._samples[label].add(thumbnail)

    def sheet(self) -> Image.Image:
        """The contact sheet: a row for each class under its name, or all in rows."""
        rows = list(self._rows())
        side = max(max(picture.size) for _, pictures in rows for picture in pictures)
        cell = side + _GAP
        height = _GAP + sum(cell + _CAPTION * bool(caption) for caption, _ in rows)
        sheet = Image.new("RGB", (_COLUMNS * cell + _GAP, height), _PAPER)
        drawing, top = ImageDraw.Draw(sheet), _GAP
        for caption, pictures in rows:
            if caption:
                drawing.text((_GAP, top), caption, _INK, ImageFont.load_default(12))
                top += _CAPTION
            for column, picture in enumerate(pictures):
                left = _GAP + column * cell + (side - picture.width) // 2
                sheet.paste(picture, (left, top + (side - picture.height) // 2))
            top += cell
        return sheet

    def _rows(self) -> Iterator[tuple[str, list[Image.Image]]]:
        """The rows of the sheet, with the caption of those that have one."""
        for label in sorted(self._samples, key=lambda label: natural(label or "")):
            sample = self._samples[label]
            for start in range(0, len(sample.kept), _COLUMNS):
                caption = f"{label} ({sample.seen:,})" if label is not None and not start else ""
                yield caption, [_enlarged(picture) for picture in sample.kept[start : start + _COLUMNS]]


class _Sample:
    """A random sample of what passes, of a fixed size (reservoir sampling, Vitter 1985, algorithm R)."""

    def __init__(self, size: int) -> None:
        self._size, self._random = size, random.Random(0)  # noqa: S311 - the same in each inspection
        self.kept: list[Image.Image] = []
        self.seen = 0

    def add(self, thumbnail: Image.Image) -> None:
        self.seen += 1
        if len(self.kept) < self._size:
            self.kept.append(thumbnail)
        elif (place := self._random.randrange(self.seen)) < self._size:
            self.kept[place] = thumbnail


def _enlarged(picture: Image.Image) -> Image.Image:
    """Small pictures at a multiple of their size, so that their pixels can be seen."""
    factor = max(1, CELL // max(picture.size))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
