"""Trains generative models with Keras and exports them to ONNX model packages."""
