"""ptelist completion: what it does."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ptelist.cli import main


def run(shell: str) -> str:
    """Return the script that a shell reads."""
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    return completion(main, {}, "ptelist", "_PTELIST_COMPLETE").source() + "\n"
