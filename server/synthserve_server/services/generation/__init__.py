"""GenerationService: from a request to the bytes of its responses."""
