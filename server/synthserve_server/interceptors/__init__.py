"""What happens around every call: `pipeline` has the order, the other modules a stage each."""

from grpc_health.v1 import health

OWN_SERVICES = ("/synthserve.", "/inference.GRPCInferenceService/")
"""What the methods of this package's services begin with. Those of gRPC's own services are left as they are."""

OPEN_SERVICE = f"/{health.SERVICE_NAME}/"
"""What probes call; they have no token."""
