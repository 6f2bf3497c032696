"""Trains generative models with Keras and exports them to ONNX model packages."""

import os

# Read when libraries are imported. An empty variable is an unset one.
# onnxruntime's releases report to their maker what they run, unless they find this.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY") or "1"
# People set it for other programs; onnx and TensorFlow go by protobuf's implementation in C, and others take many times
# as long.
os.environ.pop("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", None)
