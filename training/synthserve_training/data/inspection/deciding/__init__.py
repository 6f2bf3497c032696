"""Decides what a column is, and how sure that is."""
