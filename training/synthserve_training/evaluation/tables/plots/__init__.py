"""The pictures of a table's report, as PNG."""
