"""The synthserve server: streams what generative models generate, over gRPC."""

import os

# onnxruntime's releases report to their maker what they run, unless they find this when they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
