"""How calls get to a server: the only package that meets gRPC's channels."""
