"""One thin servicer per service: validate, call, stream."""
