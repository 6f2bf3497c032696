"""Who may call: certificates and tokens. Knows gRPC, and nothing of models."""
