"""What happens around every call: `pipeline` has the order, the other modules a stage each."""
