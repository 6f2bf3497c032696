"""Data: where it is loaded from, and what networks get of it."""
