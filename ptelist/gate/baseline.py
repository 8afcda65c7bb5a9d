"""The baseline of a gate: figures as they were, with what they were taken under."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError
from ptelist.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.build.btf import Btf
    from ptelist.engine.ledger import Ledger
    from ptelist.note import Note
    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Source

SCHEMA = "ptelist-baseline/1"
UPDATE = "the same command with --update writes it anew"
ANEW = "restore it, or delete it and run the same command with --update"
MOST_BYTES = 1 << 26

Places = dict[str, dict[str, tuple[int, ...]]]
"""By struct: its size in bytes as `sizeof`, and offset and width of each member in bits."""


class Entry(NamedTuple):
    """One scenario: its fields by path (`kernel.cache_capacity`) and its figures."""

    inputs: dict[str, Any]
    figures: dict[str, Interval]
    assumptions: tuple[str, ...]
    sources: dict[str, Source]
    """Where the inputs come from; not kept in the file."""


class Baseline(NamedTuple):
    """All scenarios, and the layouts of the build that they were taken from."""

    label: str
    version: str
    """That of ptelist."""
    entries: dict[str, Entry]
    layouts: Places


def entry(scenario: Scenario, ledger: Ledger, assumptions: Sequence[Note]) -> Entry:
    """Return what a baseline keeps of a scenario."""
    figures = {name: Interval.of(term) for name, term in ledger.items()}
    inputs = dict(_flat("", scenario.model_dump(mode="json")))
    return Entry(inputs, figures, tuple(map(str, assumptions)), scenario.sources)


def _flat(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return fields by path, those of VM groups by number: `vms.0.vcpus`."""
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in _flat(f"{path}.{key}".lstrip("."), each)]
    if path == "vms":
        return [pair for number, group in enumerate(value) for pair in _flat(f"vms.{number}", group)]
    return [(path, value)]


def places(btf: Btf, structs: Sequence[str]) -> Places:
    """Return the layouts of structs, those that a build does not have left out."""
    from ptelist.build import layouts  # noqa: PLC0415 -- reads BTF, for builds only

    found = (layouts.layout(btf, struct) for struct in structs)
    return {
        each.name: {layouts.SIZEOF: (each.size,)} | {field.name: (field.offset, field.width) for field in each.fields}
        for each in found
        if each
    }


def render(found: Baseline) -> str:
    """Return the file's text: sorted, a value a line, so that version control shows what changed."""
    scenarios = {
        name: {
            "assumptions": each.assumptions,
            "figures": {figure: low if low == high else (low, high) for figure, (low, high) in each.figures.items()},
            "inputs": each.inputs,
        }
        for name, each in found.entries.items()
    }
    data = {"schema": SCHEMA, "version": found.version, "layouts": found.layouts, "scenarios": scenarios}
    return _lines(data, "") + "\n"


def changes(old: Baseline | None, new: Baseline) -> Iterator[str]:
    """Yield what one baseline changes of another, a line a scenario."""
    before = old.entries if old else {}
    for name, each in new.entries.items():
        if name in before:
            moved = sum(before[name].figures.get(figure) != ends for figure, ends in each.figures.items())
            yield f"{name}: {moved} of {len(each.figures)} figures changed"
        else:
            yield f"{name}: new, {len(each.figures)} figures"
    yield from (f"{name}: removed" for name in before if name not in new.entries)


def _lines(value: Any, indent: str) -> str:
    if not isinstance(value, dict) or not value:
        return json.dumps(value, sort_keys=True)
    inner = indent + "  "
    items = (f"{inner}{json.dumps(key)}: {_lines(each, inner)}" for key, each in sorted(value.items()))
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


def read(name: str) -> Baseline | None:
    """Return the baseline in a file, None if there is no such file.

    Raises PtelistError for one of a newer schema, and for what ptelist did not write.
    """
    try:
        with Path(name).open("rb") as file:
            data = file.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PtelistError(f"{name}: cannot be read: {error.strerror}") from None
    try:
        found = json.loads(data)
    except json.JSONDecodeError as error:
        raise PtelistError(f"{name}:{error.lineno}: not valid JSON: {error.msg}: {ANEW}") from None
    except (ValueError, RecursionError):
        raise PtelistError(f"{name}: not valid JSON: {ANEW}") from None
    return _baseline(name, found)


def _baseline(name: str, data: Any) -> Baseline:
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        family, _, number = str(schema).partition("/")
        if family == SCHEMA.partition("/")[0] and number.isdecimal():
            raise PtelistError(f"{name}: schema: {family}/{number}, this ptelist reads {SCHEMA}: use a newer ptelist")
        raise PtelistError(f'{name}: schema: expected "{SCHEMA}", a file that ptelist check --update wrote')
    try:
        entries = {key: _entry(each) for key, each in data["scenarios"].items()}
        kept = {
            struct: {member: tuple(map(_integer, place)) for member, place in members.items()}
            for struct, members in data["layouts"].items()
        }
        return Baseline(name, str(data["version"]), entries, kept)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise PtelistError(f"{name}: damaged: {what}: {ANEW}") from None


def _entry(data: Any) -> Entry:
    figures: dict[str, Interval] = {}
    for figure, value in data["figures"].items():
        low, high = value if isinstance(value, list) else (value, value)
        if not 0 <= _integer(low) <= _integer(high):
            raise ValueError(f"{figure}: expected a number, or [low, high]")
        figures[figure] = Interval(low, high)
    return Entry(dict(data["inputs"]), figures, tuple(map(str, data["assumptions"])), {})


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"expected a whole number, got {str(value)[:40]}")
    return value
