"""The commands: the server, and what operators run beside it."""
