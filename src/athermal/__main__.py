"""`python -m athermal` is the command `athermal`."""

from athermal.cli import main

if __name__ == "__main__":
    main()
