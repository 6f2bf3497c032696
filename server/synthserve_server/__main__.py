"""`python -m synthserve_server`: the command `synthserve-server`."""

from synthserve_server.commands.serve import main

if __name__ == "__main__":
    main()
