"""A regular package. Without this file, Python prefers any package `tests` that a distribution has installed."""
