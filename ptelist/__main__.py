"""Run the command line: ptelist, and python -m ptelist."""

from __future__ import annotations

import gc
import signal
import sys

from ptelist.errors import not_installed

GC_THRESHOLD = 100_000
"""Importing makes many objects and no garbage: looking for some early, or once more at exit, is time lost."""


def main() -> None:
    """Load it and run it; what click cannot say before it is loaded is said here."""
    gc.set_threshold(GC_THRESHOLD)
    try:
        from ptelist.cli import main as run  # noqa: PLC0415 -- here a failure of the import is one line
    except ImportError as error:
        sys.stderr.write(f"ptelist: {not_installed(error)}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ended)
    try:
        run()
    finally:
        gc.freeze()


def _ended(number: int, _frame: object) -> None:
    """End as a shell tells it, with what is to be done before: processes and half a file are not left behind."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
