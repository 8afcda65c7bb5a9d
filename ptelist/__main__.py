"""Run the command line: python -m ptelist."""

from ptelist.cli import main

main()
