"""One thin module or package per gRPC service: validate, call, stream."""
