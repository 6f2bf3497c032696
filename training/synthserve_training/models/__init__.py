"""Generative models: networks, and what turns noise into finished values with them."""
