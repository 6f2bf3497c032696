"""Says what a source of pictures holds, and proposes a recipe."""

from synthserve_training.data.pictures.inspection.inspecting import PictureInspection, inspect
from synthserve_training.data.pictures.inspection.recipes import recipe_toml
from synthserve_training.data.pictures.inspection.reports import as_json, as_lines

__all__ = ["PictureInspection", "as_json", "as_lines", "inspect", "recipe_toml"]
