"""Distances between sets of pictures, or of their features: Fréchet, kernel, balls around features, nearest picture."""
