"""The contract of a package: its manifest as plain, checked values."""
