"""`python -m synthserve.cli` is the command `synthserve`."""

from synthserve.cli import main

main()
