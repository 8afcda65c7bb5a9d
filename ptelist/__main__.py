"""Run the command line: ptelist, and python -m ptelist."""

from __future__ import annotations

import sys

from ptelist.errors import not_installed


def main() -> None:
    """Load it and run it; what click cannot say before it is loaded is said here."""
    try:
        from ptelist.cli import main as run  # noqa: PLC0415 -- here a failure of the import is one line
    except ModuleNotFoundError as error:
        sys.stderr.write(f"ptelist: {not_installed(error)}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
