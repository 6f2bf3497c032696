"""What happens around every call: life cycle and errors."""
