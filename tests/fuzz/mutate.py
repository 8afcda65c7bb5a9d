"""What is done to bytes, lines, TOML, JSON and CSV: little, so that what reads them gets far."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from fuzz import atoms

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

MOST = 1 << 20
"""No file is made longer, but those that are so before."""
MANY = (2, 10, 1000, 150_000)
"""How often a line or a piece is said again."""
UNITS = ("KiB", "MiB", "GiB", "TiB", "kB", "%", "x", "")


def maybe(chance: Random, data: bytes, how: Callable[[Random, bytes], bytes]) -> bytes:
    """Return data as it is, or changed once or a few times."""
    for _ in range(chance.choice((0, 0, 0, 0, 1, 1, 1, 2, 4))):
        data = how(chance, data)[: max(MOST, len(data))]
    return data


def text(chance: Random, data: bytes) -> bytes:
    """Change a text by its words, its lines, or as bytes."""
    change: Callable[[Random, str], str] | None = chance.choice(
        (_word, _word, _word, _line, _line, _insert, _cell, None)
    )
    if change is None:
        return binary(chance, data)
    return encoded(change(chance, data.decode("utf-8", "surrogateescape")))


def encoded(changed: str) -> bytes:
    return changed.encode("utf-8", "surrogateescape")


def _word(chance: Random, told: str) -> str:
    """Put something hostile, or a number, in the place of a word, with a unit at times."""
    found = list(re.finditer(r"[A-Za-z_]+|[0-9]+", told))
    if not found:
        return atoms.text(chance)
    at = chance.choice(found)
    if at[0].isdecimal() and chance.random() < 0.8:
        new = atoms.number(chance) + (chance.choice(UNITS) if chance.random() < 0.2 else "")
    else:
        new = chance.choice((atoms.text(chance), chance.choice(found)[0]))
    return told[: at.start()] + new + told[at.end() :]


def _line(chance: Random, told: str) -> str:
    """Drop, double, move or repeat a line, or cut the text off in it."""
    lines = told.splitlines(keepends=True) or ["\n"]
    at = chance.randrange(len(lines))
    how = chance.randrange(5)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(chance.randrange(len(lines) + 1), lines[at])
    elif how == 2:
        lines[at : at + 1] = [lines[at]] * min(chance.choice(MANY), MOST // (len(lines[at]) + 1))
    elif how == 3:
        lines[at:] = [lines[at][: chance.randrange(len(lines[at]) + 1)]]
    else:
        lines[at] = lines[at].rstrip("\n") + chance.choice((" ", "\t", ",", "")) + atoms.text(chance) + "\n"
    return "".join(lines)


def _insert(chance: Random, told: str) -> str:
    at = chance.randrange(len(told) + 1)
    return told[:at] + atoms.text(chance) + told[at:]


def _cell(chance: Random, told: str) -> str:
    """Change what stands between separators."""
    separator = chance.choice((",", "\t", " ", "=", ":", '"', "."))
    cells = told.split(separator)
    cells[chance.randrange(len(cells))] = chance.choice(("", atoms.text(chance), chance.choice(cells)))
    return separator.join(cells)


def image(chance: Random, data: bytes) -> bytes:
    """Change the bytes of a build, half of the time: it is damaged inside as well."""
    return binary(chance, data) if chance.random() < 0.5 else data


def binary(chance: Random, data: bytes) -> bytes:  # noqa: PLR0911 -- one for each change
    """Change bytes: one, a word of four, a piece, the end."""
    if not data:
        return chance.randbytes(chance.randint(0, 64))
    at, how = chance.randrange(len(data)), chance.randrange(7)
    if how == 0:
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if how == 1:
        return data[:at] + bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF))]) + data[at + 1 :]
    if how == 2:
        at -= at % 4
        new = chance.choice((0, 1, 2, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, len(data), chance.getrandbits(32)))
        return data[:at] + new.to_bytes(4, "little") + data[at + 4 :]
    if how == 3:
        return data[:at]
    if how == 4:
        return data[:at] + data[at + chance.randint(1, 64) :]
    if how == 5:
        piece = data[at : at + chance.randint(1, 64)]
        return data[:at] + piece * chance.choice(MANY[:3]) + data[at:]
    return data[:at] + chance.choice((b"\0", b"\xef\xbb\xbf", b"\xff\xfe", chance.randbytes(8))) + data[at:]


def value(chance: Random, deep: int = 2) -> Any:
    """Return a hostile value of JSON or TOML."""
    plain: tuple[Any, ...] = (True, False, 0, -1, 1 << 63, 10**400, 1.5, float("inf"), "", None, [], {})
    how = chance.randrange(8)
    if how < 3:
        return atoms.text(chance)
    if how < 6 or not deep:
        return chance.choice(plain)
    if how == 6:
        return [value(chance, deep - 1) for _ in range(chance.choice((1, 2, 30)))]
    return {atoms.text(chance): value(chance, deep - 1) for _ in range(chance.randint(1, 3))}


def tree(chance: Random, data: Any) -> Any:  # noqa: PLR0911 -- one for each change
    """Return lists and dictionaries with one place in them changed."""
    if isinstance(data, dict) and data and chance.random() < 0.95:
        key = chance.choice(list(data))
        how = chance.randrange(12)
        if how == 0:
            return {other: each for other, each in data.items() if other != key}
        if how == 1:
            return {(atoms.text(chance) if other == key else other): each for other, each in data.items()}
        if how == 2:
            return data | {atoms.text(chance): data[key]}
        return data | {key: tree(chance, data[key])}
    if isinstance(data, list) and data and chance.random() < 0.9:
        at = chance.randrange(len(data))
        if chance.random() < 0.1:
            return data[:at] + [data[at]] * chance.choice(MANY) + data[at:]
        return [*data[:at], tree(chance, data[at]), *data[at + 1 :]]
    return value(chance)


def toml(chance: Random, data: bytes) -> bytes:
    """Change a value or a key of a TOML file, or its text."""
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    places = [number for number, line in enumerate(lines) if " = " in line]
    if not places or chance.random() < 0.4:
        return text(chance, data)
    at = chance.choice(places)
    key, _, old = lines[at].partition(" = ")
    how = chance.randrange(6)
    if how == 0:
        lines[at] = f"{as_toml(atoms.text(chance))} = {old}"
    elif how == 1:
        lines[at] = f"{key} = {{ value = {old}, source = {as_toml(atoms.text(chance))} }}"
    elif how == 2:
        lines[at] = f"{key} = {lines[chance.choice(places)].partition(' = ')[2]}"
    elif how == 3:
        lines[at] = f"{key}{chance.choice(('.', '.x', '.x.y', ' '))} = {old}"
    else:
        lines[at] = f"{key} = {as_toml(value(chance))}"
    return encoded("\n".join(lines) + "\n")


def as_toml(each: Any) -> str:
    """Return a value as TOML has it; what TOML has not, an infinity or none, as nearly as it goes."""
    if isinstance(each, bool):
        return "true" if each else "false"
    if isinstance(each, str):
        return re.sub("\x7f", r"\\u007f", json.dumps(each, ensure_ascii=False))
    if isinstance(each, list | tuple):
        return f"[{', '.join(map(as_toml, each))}]"
    if isinstance(each, dict):
        return "{ " + ", ".join(f"{as_toml(str(key))} = {as_toml(inner)}" for key, inner in each.items()) + " }"
    return str(each) if each is not None else "none"


def as_json(chance: Random, data: bytes) -> bytes:
    """Change a place of a JSON text, or of the last line of JSON lines, or the text."""
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        return text(chance, data)
    if chance.random() < 0.3:
        return text(chance, data)
    return json.dumps(tree(chance, parsed), ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
