"""Authentication by certificates and tokens. Knows gRPC, but no models."""
