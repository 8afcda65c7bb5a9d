"""Where each key of a TOML file stands, for messages that name a line.

tomllib gives values without positions. This index covers headers and `key =`
lines; for what it cannot place it says nothing rather than a wrong line.
"""

from __future__ import annotations

import re

_HEADER = r"\s*(\[\[?)\s*([A-Za-z0-9_.\-]+)\s*\]\]?\s*(?:#.*)?"
_KEY = r"\s*([A-Za-z0-9_.\-]+)\s*="
_QUOTES = r'"""|\'\'\''


def index(text: str) -> dict[str, int]:
    """Return line numbers by dotted path; `[[t]]` tables are `t.0`, `t.1`, ..."""
    lines: dict[str, int] = {}
    seen: dict[str, int] = {}
    table = ""
    in_string = False
    for number, line in enumerate(text.splitlines(), 1):
        quotes = len(re.findall(_QUOTES, line if in_string else line.partition("#")[0]))
        if not in_string:
            if header := re.fullmatch(_HEADER, line):
                table = _enter(header[2], seen, repeated=header[1] == "[[")
                lines.setdefault(table, number)
            elif key := re.match(_KEY, line):
                lines.setdefault(f"{table}.{key[1]}" if table else key[1], number)
        in_string ^= quotes % 2 == 1
    return lines


def _enter(name: str, seen: dict[str, int], *, repeated: bool) -> str:
    """Return the path of a header, below the newest element of a repeated parent."""
    path = ""
    parts = name.split(".")
    for depth, part in enumerate(parts):
        path = f"{path}.{part}" if path else part
        if repeated and depth == len(parts) - 1:
            seen[path] = seen.get(path, -1) + 1
        if path in seen:
            path = f"{path}.{seen[path]}"
    return path
