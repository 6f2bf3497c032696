"""Computes samples: noise, sessions, and runs of graphs."""
