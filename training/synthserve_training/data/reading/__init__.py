"""Reads tables as people have them: files of many formats, standard input, addresses of the network, and databases."""

from synthserve_training.data.reading.layout import FileLayout, ReadingNote, TableSource
from synthserve_training.data.reading.opening import open_table

__all__ = ["FileLayout", "ReadingNote", "TableSource", "open_table"]
