"""Recipes: what to train, as data. One TOML file each, shipped in `recipes/` or given as a path."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from synthserve_core import text_files
from synthserve_training import problems
from synthserve_training.components import Count, Number, OptionsBase, Part, part
from synthserve_training.errors import RecipeError

if TYPE_CHECKING:  # most of these import Keras, which takes seconds
    from synthserve_training.data.datasets import DatasetKind
    from synthserve_training.data.preprocessing import PreprocessingKind
    from synthserve_training.models.heads import HeadKind
    from synthserve_training.models.networks import NetworksKind
    from synthserve_training.models.samplers import SamplerKind
    from synthserve_training.train.objectives import ObjectiveKind


class Tracking(OptionsBase):
    """How to follow the Fréchet distance between a model's pictures and the real ones while it is trained."""

    network: Literal["digits", "inception"] = Field(
        description="Whose features: a LeNet-5's, for MNIST, in seconds; or those that FID is defined with, in minutes"
    )
    samples: int = Field(
        strict=True, ge=2, le=1_000_000, description="Pictures to generate each time. Fewer make the distance larger"
    )
    every: Count = Field(default=1, description="Epochs between two measurements")


class Training(OptionsBase):
    """How long and in what portions to train."""

    epochs: Count
    batch_size: Count
    precision: Literal["float32", "mixed_bfloat16"] = Field(
        default="float32",
        description="Keras' dtype policy. mixed_bfloat16 takes less time where the processor knows bfloat16; weights, "
        "losses and the exported graph are float32 all the same",
    )
    average_decay: Number | None = Field(
        default=None, ge=0, lt=1, description="Export a moving average of the generator's weights that keeps this share"
    )
    tracking: Tracking | None = None
    sample_every: Count = Field(default=1, description="Epochs between two sample files")
    checkpoint_every: Count = Field(default=1, description="Epochs between two checkpoints")


class Card(OptionsBase):
    """The model card. The manifest gets it unchanged."""

    summary: str
    training_data: str
    training_data_license: str
    license: str
    intended_use: str
    limits: tuple[str, ...] = ()
    privacy: tuple[str, ...] = ()


class Export(OptionsBase):
    """How the graph is served."""

    batch_size: int = Field(strict=True, ge=1, le=1_048_576, description="Samples that the server computes at once")


class _WrittenExport(Export):
    """The section as recipes have it. Its switches are another spelling of [[heads]]."""

    observation_noise: bool = Field(default=False, description='The head of kind = "observation_noise"')
    calibration: bool = Field(default=False, description='The head of kind = "calibration"')


class _Written(OptionsBase):
    """The TOML of a recipe. The sections of parts are validated by the kinds that they name."""

    model: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$", description="The exported model's identifier")
    dataset: dict[str, Any]
    preprocessing: dict[str, Any]
    networks: dict[str, Any]
    objective: dict[str, Any]
    sampler: dict[str, Any]
    heads: tuple[dict[str, Any], ...] = ()
    training: Training
    export: _WrittenExport
    card: Card

    def all_heads(self) -> tuple[dict[str, Any], ...]:
        """The heads, whichever way they are spelled."""
        switched_on = ("observation_noise", "calibration")
        return (*self.heads, *({"kind": kind} for kind in switched_on if getattr(self.export, kind)))


@dataclass(frozen=True)
class Recipe:
    """A recipe: what to train, how, and how to export it.

    Attributes:
        text: The TOML that it was parsed from, for provenance.
        model: The exported model's identifier.
        dataset: The source of the data.
        preprocessing: How they are encoded.
        networks: What is trained.
        objective: What it is trained for.
        sampler: How noise becomes latents.
        heads: What changes encoded samples before they are decoded, in this order.
        training: How long and in what portions to train.
        export: How the graph is served.
        card: The model card.
    """

    text: str
    model: str
    dataset: "Part[DatasetKind]"
    preprocessing: "Part[PreprocessingKind]"
    networks: "Part[NetworksKind]"
    objective: "Part[ObjectiveKind]"
    sampler: "Part[SamplerKind]"
    heads: "tuple[Part[HeadKind], ...]"
    training: Training
    export: Export
    card: Card

    def check_options(self) -> None:
        """Validates the options of every part; this imports Keras.

        Raises:
            RecipeError: An option is unknown or has a wrong value.
        """
        parts: tuple[Part[Any], ...] = (
            self.dataset,
            self.preprocessing,
            self.networks,
            self.objective,
            self.sampler,
            *self.heads,
        )
        for each in parts:
            _ = each.options


def names() -> list[str]:
    """Names the shipped recipes, sorted."""
    return sorted(f.name.removesuffix(".toml") for f in _folder().iterdir() if f.name.endswith(".toml"))


def read(name_or_path: str) -> str:
    """Returns the TOML text of a shipped recipe, or of the file at a path that ends in `.toml`.

    Raises:
        RecipeError: There is no such recipe, or the file is not text.
    """
    if name_or_path in names():
        return (_folder() / f"{name_or_path}.toml").read_text(encoding="utf-8")
    path = Path(name_or_path)
    if path.suffix.lower() == ".toml" and path.exists():
        try:
            return text_files.read(path)
        except text_files.TextFileError as error:
            raise RecipeError(f"{path} {error}") from None
    meant = problems.did_you_mean(path.stem, names())
    if path.is_file():
        raise RecipeError(f"{path}: the name of a recipe's file ends in .toml: rename it")
    if path.suffix.lower() == ".toml":
        raise RecipeError(f"there is no file {path}{meant}")
    raise RecipeError(
        f"there is no recipe {name_or_path!r}: use one of {', '.join(names())}, or the path of a .toml file{meant}"
    )


def parse(text: str) -> Recipe:
    """Parses the TOML text of a recipe.

    Raises:
        RecipeError: It is not TOML, a field is missing, unknown or has a wrong value, or a kind is unknown. Options of
            parts are validated on first use.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"the recipe is not TOML: {error}") from None
    except (ValueError, RecursionError):
        raise RecipeError("the recipe holds a number of too many digits, or too many brackets in each other") from None
    try:
        written = _Written.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"the recipe is not valid: {problems.listed(error, _Written)}") from None
    heads = tuple(part("heads", section) for section in written.all_heads())
    if twice := next((head.kind for head in heads if [each.kind for each in heads].count(head.kind) > 1), None):
        raise RecipeError(f"[heads] kind = {twice!r} is named twice: leave one out")
    return Recipe(
        text=text,
        model=written.model,
        dataset=part("datasets", written.dataset),
        preprocessing=part("preprocessing", written.preprocessing),
        networks=part("networks", written.networks),
        objective=part("objectives", written.objective),
        sampler=part("samplers", written.sampler),
        heads=heads,
        training=written.training,
        export=Export(batch_size=written.export.batch_size),
        card=written.card,
    )


def _folder() -> Traversable:
    return resources.files(__package__) / "recipes"
