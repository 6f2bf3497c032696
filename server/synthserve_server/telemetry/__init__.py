"""What operators see of the server: request ids, metrics, traces."""
