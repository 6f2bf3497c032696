"""`python -m synthserve_server`: the command `synthserve-server`."""

from synthserve_server.cli import main

if __name__ == "__main__":
    main()
