"""The lines of slabinfo in a text that people pasted: quoted or wrapped by a mail, indented, among other words."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER, HEAD = "slabinfo - version: 2.", "# name "
QUOTED = re.compile(r"[>|\s]*")
"""How lines begin that a mail quotes, or that are indented, as code is in Markdown."""
BLANKS = re.compile(" {2,}")
"""Between columns; as many blanks can be shared out in as many ways."""
PROMPT = re.compile(r".*[$#%] ?(?:(?:sudo )?cat /proc/slabinfo)?")
"""A shell's, before a copy or after it."""
ROW = re.compile(
    r"(?P<name>\S.*?) (?P<counts>N N N N N) : tunables (?P<tunables>N N N) : slabdata (?P<slabs>N N N)( .*)?".replace(
        "N", "[0-9]{1,20}"
    )
)
"""A row in which one blank stands between two words, as in all that follows."""
HEADS = re.compile(r"(?:(?:<\w+>|:|tunables|slabdata)(?: |$))+")
"""What a line of heads is continued with."""
REST = re.compile(r"(?:(?:[0-9]{1,20}|:|tunables|slabdata)(?: |$))+")
"""What a row is continued with: it names no cache, so it is no row of its own."""
BEGUN = re.compile(r"\S+|\S.*? [0-9]+ ?(?::(?: .*)?)?")
"""What may be continued: a name alone, which has no blanks then, or with numbers behind it."""
MOST_PARTS = 8
"""Lines that one line was wrapped to."""
MOST_LINE = 1000
"""Characters of a line that may be a row."""
SIGNATURE = "--"
"""The line that a mail has above its writer's."""


class Table(NamedTuple):
    """The rows of a text."""

    rows: list[tuple[int, re.Match[str]]]
    """Each with the number of the line on which it begins."""
    left_out: int
    """Lines beside the table, blank ones and a shell's prompt not counted."""


class _Piece(NamedTuple):
    """A row, a line of heads, or a line that is neither, with where it is and how many lines it takes."""

    at: int
    lines: int
    row: re.Match[str] | None
    is_table: bool


def rows_of(text: str, label: str) -> Table:
    """Return the rows of slabinfo in a text, those that were wrapped put together where no other row could be meant.

    The table begins with its first line, and ends with its last one, behind which other text follows a blank
    line. Raises PtelistError for a text without a table, and for a line in it that is none of slabinfo's.
    """
    lines = [BLANKS.sub(" ", QUOTED.sub("", line, 1).rstrip()) for line in text.splitlines()]
    pieces = list(_pieces(lines))
    places = [piece.at for piece in pieces if piece.is_table]
    if not places:
        raise PtelistError(f'{label}:1: not a copy of /proc/slabinfo: expected "{HEADER}1"')
    left_out = 0
    is_behind = False
    for piece in pieces:
        line = lines[piece.at]
        if piece.is_table or (PROMPT.fullmatch(line) and piece.at in {0, len(lines) - 1}):
            continue
        is_behind = is_behind or (piece.at > places[-1] and line in {"", SIGNATURE})
        if line and (piece.at < places[0] or is_behind):
            left_out += not PROMPT.fullmatch(line)
        elif line and not line.startswith("#"):
            raise PtelistError(f'{label}:{piece.at + 1}: not a row of slabinfo: "{line[:40]}"')
    return Table([(piece.at + 1, piece.row) for piece in pieces if piece.row], left_out)


def _pieces(lines: list[str]) -> Iterator[_Piece]:
    """Yield what lines are, those together that were one."""
    at = 0
    while at < len(lines):
        row, count = _row(lines, at)
        is_head = f"{lines[at]} ".startswith((HEADER, HEAD))
        while is_head and at + count < len(lines) and HEADS.fullmatch(lines[at + count]):
            count += 1
        yield _Piece(at, count, row, bool(row) or is_head)
        at += count


def _row(lines: list[str], at: int) -> tuple[re.Match[str] | None, int]:
    """Return the row that begins on a line, if one does, and how many lines it takes."""
    whole = lines[at]
    if len(whole) > MOST_LINE or not BEGUN.fullmatch(whole):
        return None, 1
    rest = list(takewhile(_is_rest, lines[at + 1 : at + MOST_PARTS]))
    match = ROW.fullmatch(" ".join([whole, *rest]))
    count = 1
    while match and len(whole) < match.end("slabs"):
        whole, count = f"{whole} {rest[count - 1]}", count + 1
    return match and ROW.fullmatch(whole), count


def _is_rest(line: str) -> bool:
    return len(line) <= MOST_LINE and bool(REST.fullmatch(line))
