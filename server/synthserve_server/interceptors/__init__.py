"""What happens around every call: life cycle and errors."""

OWN_SERVICES = ("/synthserve.", "/inference.GRPCInferenceService/")
"""What the methods of this package's services begin with. Those of gRPC's own services are left as they are."""
