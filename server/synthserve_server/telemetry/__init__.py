"""Telemetry for operators: request ids, logs, metrics, traces."""
