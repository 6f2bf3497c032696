"""Evaluation: measures how good a model package is, next to the same measurement of held-out real data."""
