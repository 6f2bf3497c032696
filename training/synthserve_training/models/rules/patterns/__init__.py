"""Patterns: sets of texts, built of lists, sequences, alternatives and repetitions, and how graphs make their texts."""
