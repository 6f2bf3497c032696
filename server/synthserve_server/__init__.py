"""The synthserve server: streams what generative models generate, over gRPC."""
