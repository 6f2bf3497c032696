"""Certificates and keys: read, checked, tried out, and renewed."""
