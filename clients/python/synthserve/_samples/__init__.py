"""What a stream asks for, and what its messages hold."""
