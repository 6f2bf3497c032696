"""`python -m synthserve.cli`."""

from synthserve.cli import main

main()
