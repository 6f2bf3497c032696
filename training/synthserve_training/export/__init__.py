"""Export: a finished model to a package that holds an ONNX graph and a manifest, and nothing else."""
