"""Finds the models in the repository, and loads, replaces and unloads them."""
