"""Encodes samples: rows and images, with marks of where they come from."""
