"""The synthserve server: streams what generative models generate, over gRPC."""

import os

from synthserve_core.system import standard_streams
from synthserve_server.system import protobuf

# Each of these counts only before something else is imported, opens a file or makes a connection.
standard_streams.fill_closed_descriptors()
protobuf.ignore_slow_implementations(os.environ)
# The programs say themselves, in words, what gRPC's own log would say beside them. It is read on import, too.
os.environ["GRPC_VERBOSITY"] = os.environ.get("GRPC_VERBOSITY") or "NONE"
