"""Evaluation: how good a model package is, measured against what held-out real data gets."""
