"""The synthserve server: streams rows and images from generative models over gRPC."""

import os

from synthserve_core.system import standard_streams
from synthserve_server.system import protobuf

# Each of these takes effect only before other imports, open files and connections.
standard_streams.fill_closed_descriptors()
protobuf.ignore_slow_implementations(os.environ)
# The programs report in their own words what gRPC's log would repeat. gRPC reads this variable on import.
os.environ["GRPC_VERBOSITY"] = os.environ.get("GRPC_VERBOSITY") or "NONE"
