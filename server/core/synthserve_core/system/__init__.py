"""The process and its operating system: cores, signals, standard streams."""
