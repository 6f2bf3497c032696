"""The computing core: noise, sessions, samples, scheduling. Knows neither gRPC nor the protos."""
