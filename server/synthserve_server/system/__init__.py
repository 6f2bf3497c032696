"""The server's process and its operating system: ports and environment."""
