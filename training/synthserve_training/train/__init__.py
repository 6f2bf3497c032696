"""Training: objectives, the loop, and the folder of a run."""
