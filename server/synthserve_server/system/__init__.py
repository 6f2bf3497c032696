"""What the operating system gives to a process: streams, signals, ports and processors."""
