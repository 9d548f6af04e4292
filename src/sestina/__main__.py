"""`python -m sestina` is the command `sestina`."""

import sys


def main() -> None:
    """Run the command line, also where Ctrl-C comes while it is still being loaded."""
    try:
        from sestina.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit("Error: stopped by Ctrl-C")
    run()


if __name__ == "__main__":
    main()
