"""Reads packages from their folders, and checks their graphs."""
