"""Reads texts: how they are encoded, and their lines."""
