"""What a package promises: its manifest, as plain checked values."""
