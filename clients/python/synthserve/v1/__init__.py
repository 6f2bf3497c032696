"""Protocol messages and service stubs, generated from `proto/synthserve/v1`."""
