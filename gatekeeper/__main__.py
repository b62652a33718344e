"""`python -m gatekeeper` is the same as `gatekeeper`."""

from gatekeeper.cli import main

main()
