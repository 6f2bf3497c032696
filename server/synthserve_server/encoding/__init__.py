"""Turns arrays into the bytes of file formats. Knows neither gRPC nor the protos."""
