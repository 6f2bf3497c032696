"""Trains generative models with Keras and exports them to ONNX model packages."""

import os

# onnxruntime's releases report to their maker what they run, unless they find this when they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
