"""`python -m sestina` is the command `sestina`."""

from sestina.cli.app import main

main()
