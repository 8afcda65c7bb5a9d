"""What a command that was given something bad says: one line on stderr, and exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click.testing import Result


def refused(result: Result) -> str:
    """Return the line; fail unless there is that alone."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("ptelist: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    assert "internal error" not in result.stderr
    return result.stderr
