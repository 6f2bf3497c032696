"""Who may have how many streams at once, how long and how fast: decisions, without gRPC."""
