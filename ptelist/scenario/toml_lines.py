"""Where each key of a TOML file stands, for messages that name a line: tomllib gives values without positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRING = (
    r'"""(?:[^"\\]+|\\.|"(?!""))*(?:"{3,5})?'
    r"|'{3}.*?(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]+|\\.)*"?'
    r"|'[^'\n]*'?"
)
"""One without its end goes on to that of its line, or of the text, so that no other is looked for in it."""
_COMMENT = r"\#[^\n]*"
_PIECE = re.compile(rf"""{_STRING}|{_COMMENT}|[\[\]{{}}\n]|[^"'\#\[\]{{}}\n]+|.""", re.DOTALL)
"""A string, a comment, a bracket, the end of a line, or anything between."""
_PART = r'[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\''
_KEY = rf"\s*((?:{_PART})(?:[ \t]*\.[ \t]*(?:{_PART}))*)\s*"
_HEADER = rf"\s*(\[\[?){_KEY}\]\]?\s*"


def index(text: str) -> dict[str, int]:
    """Return line numbers by dotted path of the keys of valid TOML; `[[t]]` tables are `t.0`, `t.1`, ...

    What is inside a value, such as an inline table, has none.
    """
    lines: dict[str, int] = {}
    seen: dict[str, int] = {}
    table: list[str] = []
    for number, statement in _statements(text):
        if header := re.fullmatch(_HEADER, statement):
            table = _entered(_parts(header[2]), seen, repeated=header[1] == "[[")
            path = table
        elif key := re.match(rf"{_KEY}=", statement):
            path = [*table, *_parts(key[1])]
        else:
            continue
        lines.setdefault(".".join(path), number)
    return lines


def long_key(text: str, most: int) -> int:
    """Return the line of the first key of more than `most` parts, 0 if there is none; the text may be no TOML."""
    pattern = re.compile(f"{_STRING}|{_COMMENT}", re.DOTALL)
    bare = pattern.sub(lambda found: "_" + "\n" * found[0].count("\n"), text)
    keys = re.finditer(r"[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*", bare)
    return next((bare.count("\n", 0, key.start()) + 1 for key in keys if key[0].count(".") >= most), 0)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement, without comments, and the line it begins in; a value may go on over many."""
    number, start, depth, said = 1, 1, 0, ""
    for piece in _PIECE.findall(f"{text}\n"):
        depth += (piece in {"[", "{"}) - (piece in {"]", "}"})
        if piece == "\n" and depth <= 0:
            yield start, said
            depth, said, start = 0, "", number + 1
        elif not piece.startswith("#"):
            said += piece
        number += piece.count("\n")


def _parts(key: str) -> list[str]:
    return [_unquoted(part) for part in re.findall(_PART, key)]


def _unquoted(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] != '"':
        return part
    import tomllib  # noqa: PLC0415 -- few keys have quotes

    text: str = tomllib.loads(f"key = {part}")["key"]
    return text


def _entered(parts: list[str], seen: dict[str, int], *, repeated: bool) -> list[str]:
    """Return the path of a header, below the newest element of a repeated parent."""
    path: list[str] = []
    for depth, part in enumerate(parts, 1):
        path.append(part)
        name = ".".join(path)
        if repeated and depth == len(parts):
            seen[name] = seen.get(name, -1) + 1
        if name in seen:
            path.append(str(seen[name]))
    return path
