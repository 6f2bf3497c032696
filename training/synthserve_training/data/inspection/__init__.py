"""What the columns of a table are, why, and reading them as that."""

from synthserve_training.data.inspection import sdv_metadata
from synthserve_training.data.inspection.constraints import proposed
from synthserve_training.data.inspection.inspecting import ColumnProfile, Finding, Inspection, inspect
from synthserve_training.data.inspection.reading_typed import read_typed
from synthserve_training.data.inspection.reports import as_json, as_table
from synthserve_training.data.inspection.writing import recipe_toml

__all__ = [
    "ColumnProfile",
    "Finding",
    "Inspection",
    "as_json",
    "as_table",
    "inspect",
    "proposed",
    "read_typed",
    "recipe_toml",
    "sdv_metadata",
]
