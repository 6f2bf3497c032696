"""The Open Inference Protocol, version 2: raw graphs for the clients that speak it."""
