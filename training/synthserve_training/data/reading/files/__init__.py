"""Finds and opens files: where they lie, how they are compressed, and what format they have."""
