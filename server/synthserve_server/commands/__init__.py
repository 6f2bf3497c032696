"""The commands: the server, and the tools that operators run beside it."""
