"""What is said on stderr, if it takes something; what a stream that takes no more still holds."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

import click

COMPLETING = "_PTELIST_COMPLETE"
"""Set by the script that a shell completes words with."""


def say(text: str) -> None:
    """Write a line to stderr; none in the middle of a line that a shell completes. A full stderr is no failure."""
    if os.environ.get(COMPLETING):
        return
    try:
        click.echo(text, err=True)
    except OSError:
        let_go(sys.stderr)


def let_go(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere: it would fail once more when Python flushes it at exit."""
    with suppress(OSError):  # that of a test has no number
        number = stream.fileno()
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, number)
        os.close(devnull)
