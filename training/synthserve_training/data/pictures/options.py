"""How pictures are read: the options of a recipe."""

from typing import Annotated

from pydantic import Field

from synthserve_training.components import Count, OptionsBase
from synthserve_training.data.pictures.classes import LEAST_OF_CLASS
from synthserve_training.data.pictures.sizing import Background, Channels, Fit

Side = Annotated[int, Field(strict=True, ge=8, le=512)]
"""Height or width in pixels."""


class PictureOptions(OptionsBase):
    """Where the pictures are, and what is made of each."""

    path: str = Field(min_length=1, description="A folder, a ZIP archive, or a Parquet, NPZ or IDX file")
    labels: str | None = Field(
        default=None,
        description='"folders", "none", a CSV file (FILE or FILE:COLUMN), or a column of Parquet; default: found out',
    )
    label: str = Field(default="label", min_length=1, description="The name of the condition that the labels become")
    min_class: Count = Field(
        default=LEAST_OF_CLASS,
        description="Classes of fewer pictures are joined as one, so that no rare name is published",
    )
    size: Side | tuple[Side, Side] = Field(default=64, description="Of a square, or [height, width]")
    fit: Fit = Field(
        default="crop",
        description="Where the proportions differ: keep the middle, add bars, or distort the picture",
    )
    channels: Channels = "rgb"
    background: Background = Field(
        default="white", description="Where pictures are transparent, and beside those that are padded"
    )

    @property
    def height(self) -> int:
        """In pixels."""
        return self.size if isinstance(self.size, int) else self.size[0]

    @property
    def width(self) -> int:
        """In pixels."""
        return self.size if isinstance(self.size, int) else self.size[1]
