"""Encodes rows and images, with their provenance."""
