"""The text of a preset: what it says of itself, and the fields that it sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.scenario.overlay import Fields, Origin, Overlay, Setting, frozen
from ptelist.scenario.presets.versions import SERIES_ALONE, stable_key

if TYPE_CHECKING:
    from collections.abc import Iterator

ABOUT = frozenset(("title", "extends", "memslots", "source", "note", "status", "message_id", "date", "author", "since"))
NAMES = frozenset(("version", "release", "stable"))
"""Fields that call a kernel by its name; presets are found by them before a field is checked."""
TABLES = frozenset(("kernel", "config", "host", "vm"))
BY_RELEASE = {"stable": "from", "series": "kernel"}
"""Tables that hold for some releases only, and the key that says for which."""

MOST_PARTS, MOST_ITEMS, MOST_BITS, MOST_SHOWN = 64, 4096, 64, 80
"""The most parts of a key and of all keys above a value, items of a list, bits of a number, characters of a path that
are shown."""


class Variant(NamedTuple):
    """A [[stable]] table of a kernel, or a [[series]] table of a config."""

    table: str
    release: str
    """The stable release from which on it holds, or the series that it holds for."""
    fields: Fields
    source: str
    origin: Origin


Parsed = tuple[dict[str, Any], Overlay, tuple[Variant, ...]]
"""What a preset says of itself, what it sets, and what for some releases only."""


def parse(data: dict[str, Any], origin: Origin) -> Parsed:
    """Return what a preset's TOML says of itself, what it sets, and what for some releases only."""
    known = ABOUT | TABLES | BY_RELEASE.keys()
    for key in data.keys() - known:
        raise PtelistError(f"{origin.at(key)}: unknown key {key}{suggestion(key, known)}")
    about = {key: value for key, value in data.items() if key in ABOUT}
    for key, value in about.items():
        if not isinstance(value, str):
            raise PtelistError(f"{origin.at(key)}: {key}: expected text")
    source = about.get("source", "")
    kernel, config, host = (_fields(data.get(part, {}), part, origin, source) for part in ("kernel", "config", "host"))
    variants = tuple(variant for table in BY_RELEASE for variant in _variants(data.get(table, []), table, origin))
    if any(variant.table == "stable" for variant in variants) and "stable" not in kernel:
        raise PtelistError(f"{origin.at('kernel')}: kernel.stable: is missing: the release that the series stands for")
    vm = data.get("vm", {})
    if isinstance(vm, list):
        groups = tuple(_fields(group, f"vm.{number}", origin, source) for number, group in enumerate(vm))
        return about, Overlay(kernel, host, {}, groups, config=config), variants
    return about, Overlay(kernel, host, _fields(vm, "vm", origin, source), config=config), variants


def _variants(tables: object, table: str, origin: Origin) -> Iterator[Variant]:
    """Yield the tables that hold for some releases; raises PtelistError for one that does not say for which."""
    if not isinstance(tables, list):
        raise PtelistError(f"{origin.at(table)}: {table}: expected tables, as [[{table}]]")
    key = BY_RELEASE[table]
    for number, said in enumerate(tables):
        path = f"{table}.{number}"
        if not isinstance(said, dict) or not isinstance(said.get(key), str):
            raise PtelistError(f"{origin.at(path)}: {path}.{key}: expected a release, as text")
        release, source = said[key], said.get("source", "")
        valid = stable_key(release) if table == "stable" else re.fullmatch(SERIES_ALONE, release)
        if not valid:
            example = "6.12.118" if table == "stable" else "6.12"
            raise PtelistError(
                f'{origin.at(f"{path}.{key}")}: {path}.{key}: expected one such as {example}, got "{release[:40]}"'
            )
        if not isinstance(source, str):
            raise PtelistError(f"{origin.at(f'{path}.source')}: {path}.source: expected text")
        fields = {name: value for name, value in said.items() if name not in {key, "source"}}
        yield Variant(table, release, _fields(fields, path, origin, source), source, origin)


def toml(text: str, label: str) -> dict[str, Any]:
    """Return what TOML says; raises PtelistError with the line where it is not TOML, or what no field can be."""
    if any(line.count(".") >= MOST_PARTS for line in text.split("\n")):
        from ptelist.scenario import toml_lines  # noqa: PLC0415 -- few files have so many dots

        if number := toml_lines.long_key(text, MOST_PARTS):
            raise PtelistError(f"{label}:{number}: a key of more than {MOST_PARTS} parts")
    data = _loaded(text, label)
    if wrong := next(_impossible("", data), None):
        path, what = wrong
        raise PtelistError(f"{Origin(label, text).at(path)}: {path[:MOST_SHOWN]}: {what}")
    return data


def _impossible(path: str, value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield where a value is none that a field can have, and why."""
    if depth > MOST_PARTS:
        yield path, f"more than {MOST_PARTS} tables and lists in each other"
    elif isinstance(value, list) and len(value) > MOST_ITEMS:
        yield path, f"{len(value):,} items, at most {MOST_ITEMS:,} can be there"
    elif isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _impossible(f"{path}.{key}".removeprefix("."), each, depth + 1)
    elif isinstance(value, int):
        if value.bit_length() > MOST_BITS:
            yield path, f"a number of more than {MOST_BITS} bits"
    elif not isinstance(value, str | float):
        yield path, "a date or a time, which no field is; text needs quotes"


def _loaded(text: str, label: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 -- what is installed has its presets as Python

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        match = re.match(r"line (\d+)", place)
        where = f"{label}:{match[1]}" if match else label
        raise PtelistError(f"{where}: not valid TOML: {reason[:1].lower()}{reason[1:]}") from None
    except ValueError:
        raise PtelistError(f"{label}: not valid TOML: a number is too long") from None
    except RecursionError:
        raise PtelistError(f"{label}: not valid TOML: nested too deeply") from None


def _fields(table: object, part: str, origin: Origin, source: str) -> dict[str, Setting]:
    if not isinstance(table, dict):
        raise PtelistError(f"{origin.at(part)}: {part}: expected a table, as [{part}]")
    fields = {}
    for name, value in table.items():
        path = f"{part}.{name}"
        if not isinstance(value, dict):
            fields[name] = Setting(frozen(value), origin, path, source)
            continue
        for key in value.keys() - {"value", "source", "unverified"}:
            raise PtelistError(f"{origin.at(path)}: {path}: unknown key {key}; known: value, source, unverified")
        if "value" not in value:
            raise PtelistError(f"{origin.at(path)}: {path}: a table here needs a value")
        said, open_ = value.get("source", source), value.get("unverified", False)
        if not isinstance(said, str) or not isinstance(open_, bool):
            raise PtelistError(f"{origin.at(path)}: {path}: source is text, unverified is true or false")
        fields[name] = Setting(frozen(value["value"]), origin, path, said, open_)
    for name in NAMES & fields.keys():
        if not isinstance(fields[name].value, str):
            raise PtelistError(f"{origin.at(f'{part}.{name}')}: {part}.{name}: expected text")
    return fields
