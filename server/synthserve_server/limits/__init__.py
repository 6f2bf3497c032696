"""Limits on the number, length and rate of callers' streams: decisions, without gRPC."""
