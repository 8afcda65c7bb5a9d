"""Values as TOML writes them."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_OF_FOUR_DIGITS = 0xFFFF


def toml(said: Any) -> str:
    """Return numbers, truth, text, and lists and tables of them as TOML on one line of ASCII."""
    if isinstance(said, bool):
        return str(said).lower()
    if isinstance(said, int | float):
        return str(said)
    if isinstance(said, list | tuple):
        return f"[{', '.join(map(toml, said))}]"
    if isinstance(said, dict):
        return f"{{ {', '.join(f'{key(name)} = {toml(each)}' for name, each in said.items())} }}"
    text = str(said).encode("utf-8", "backslashreplace").decode()  # TOML has no half of a surrogate pair
    return re.sub(r"[^ -~]", _escaped, json.dumps(text, ensure_ascii=False))


def key(name: str) -> str:
    """Return a key, in quotes if it needs them."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml(name)


def _escaped(character: re.Match[str]) -> str:
    """Return the escape of a character: JSON has none of eight digits, and writes two of four instead."""
    number = ord(character[0])
    return f"\\u{number:04x}" if number <= MOST_OF_FOUR_DIGITS else f"\\U{number:08x}"
