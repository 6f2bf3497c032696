"""What the operating system gives a process: cores, signals, standard streams."""
