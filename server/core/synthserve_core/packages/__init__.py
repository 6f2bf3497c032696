"""Reads packages from their folders, and checks what their graphs hold."""
