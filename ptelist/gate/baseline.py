"""The baseline of a gate: figures as they were, with what they were taken under."""

# No `from __future__ import annotations`: see ptelist.scenario.models.

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from ptelist.engine.interval import Interval
from ptelist.errors import PtelistError
from ptelist.output.note import Note
from ptelist.scenario.inputs import noted
from ptelist.scenario.limits import Limits, Text
from ptelist.scenario.overlay import Source, frozen
from ptelist.scenario.vm_structs import SIZEOF
from ptelist.settings.faults import Fault, read_record

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Scenario

BASELINE_SCHEMA = "ptelist-baseline/1"
UPDATE = "the same command with --update writes it anew"
ANEW = "restore it, or delete it and run the same command with --update"
MOST_DIGITS = 20
MOST_BYTES = 1 << 23
"""A scenario takes 14 KB; what is read from JSON takes up to 40 times as much memory as the file."""

MEANT = {1: "the size in bytes", 2: "offset and width in bits"}
"""What so many values of a layout mean."""


def _whole(members: Any) -> Any:
    """Return a struct; raises ValueError if it has no size, or other values than are meant."""
    if not isinstance(members, dict):
        raise ValueError("expected members by name")  # noqa: TRY004 -- as for every value that is refused
    for name, values in members.items():
        count = 1 if name == SIZEOF else 2
        known = isinstance(values, (list, tuple)) and [type(value) for value in values] == [int] * count
        if not known or min(values) < 0:
            raise ValueError(f"{name}: expected {MEANT[count]}, got {str(values)[:40]}")
    if SIZEOF not in members:
        raise ValueError(f"{SIZEOF}: is missing")
    return {name: tuple(values) for name, values in members.items()}


Places = dict[Text, Annotated[dict[Text, tuple[int, ...]], Limits(read=_whole)]]
"""By struct: its size in bytes as `sizeof`, and offset and width of each member in bits."""


def _ends(value: Any) -> Interval:
    """Return a figure as the file has it, a number or [low, high]; raises ValueError for anything else."""
    ends = value if isinstance(value, (list, tuple)) else (value, value)
    if [type(end) for end in ends] == [int, int] and 0 <= ends[0] <= ends[1]:
        return Interval(*ends)
    raise ValueError(f"expected a whole number, or [low, high], got {str(value)[:40]}")


class Entry(NamedTuple):
    """One scenario: its fields by path (`kernel.cache_capacity`) and its figures."""

    inputs: dict[Text, Any]
    figures: dict[Text, Annotated[Interval, Limits(read=_ends)]]
    assumptions: Annotated[tuple[Text, ...], Limits(read=frozen)]
    sources: dict[str, Source] = {}  # noqa: RUF012 -- never changed
    """Where the inputs come from; not kept in the file."""


WRITTEN = ("inputs", "figures", "assumptions")
"""What the file keeps of an entry."""


class Baseline(NamedTuple):
    """All scenarios, and the layouts of the build that they were taken from."""

    version: Text
    """That of ptelist."""
    scenarios: dict[Text, Entry]
    layouts: Places
    label: str = ""
    """The file; not kept in it."""
    is_file: bool = True
    """Whether it is one; a profile or a build that stands for it may lack figures that only some builds tell."""


KEPT = ("version", "scenarios", "layouts")


def entry(scenario: "Scenario", ledger: "Ledger", assumptions: Sequence[Note]) -> Entry:
    """Return what a baseline keeps of a scenario."""
    return Entry(
        inputs=dict(_flat("", scenario.values())),
        figures={name: Interval.of(term) for name, term in ledger.items()},
        assumptions=tuple(map(str, assumptions)),
        sources=scenario.sources,
    )


def _flat(path: str, value: Any) -> list[tuple[str, Any]]:
    """Return fields by path, those of VM groups by number: `vms.0.vcpus`."""
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in _flat(f"{path}.{key}".lstrip("."), each)]
    if path == "vms":
        return [pair for number, group in enumerate(value) for pair in _flat(f"vms.{number}", group)]
    return [(path, value)]


def render(baseline: Baseline) -> str:
    """Return the file's text: sorted, a value a line, so that version control shows what changed."""
    scenarios = {
        name: {
            "assumptions": each.assumptions,
            "figures": {figure: low if low == high else (low, high) for figure, (low, high) in each.figures.items()},
            "inputs": each.inputs,
        }
        for name, each in baseline.scenarios.items()
    }
    data = {"schema": BASELINE_SCHEMA, "version": baseline.version, "layouts": baseline.layouts, "scenarios": scenarios}
    return _lines(data, "") + "\n"


def changes(old: Baseline | None, new: Baseline) -> Iterator[str]:
    """Yield what one baseline changes of another, a line a scenario."""
    before = old.scenarios if old else {}
    for name, each in new.scenarios.items():
        if name in before:
            moved = sum(before[name].figures.get(figure) != ends for figure, ends in each.figures.items())
            yield f"{name}: {moved} of {len(each.figures)} figures changed"
        else:
            yield f"{name}: new, {len(each.figures)} figures"
    yield from (f"{name}: removed" for name in before if name not in new.scenarios)


def _lines(value: Any, indent: str) -> str:
    if not isinstance(value, dict) or not value:
        return json.dumps(value, sort_keys=True)
    inner = indent + "  "
    items = (f"{inner}{json.dumps(key)}: {_lines(each, inner)}" for key, each in sorted(value.items()))
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


def read(name: str, *, anew: bool = False) -> Baseline | None:
    """Return the baseline in a file, None if there is no such file; no report may take its place, unless it is `anew`.

    Raises PtelistError for one of a newer schema, and for what ptelist did not write.
    """
    try:
        with open(name, "rb") as file:
            data = (file if anew else noted(file)).read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PtelistError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{name}: larger than {MOST_BYTES >> 20} MiB, no baseline: {ANEW}")
    try:
        parsed = json.loads(data, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise PtelistError(f"{name}:{error.lineno}: not valid JSON: {error.msg}: {ANEW}") from None
    except (ValueError, RecursionError):
        raise PtelistError(f"{name}: not valid JSON: {ANEW}") from None
    return _baseline(name, parsed)


def _integer(text: str) -> int:
    """Return a number; raises ValueError for one that no figure and no field has."""
    if len(text) > MOST_DIGITS:
        raise ValueError
    return int(text)


def _baseline(name: str, data: Any) -> Baseline:
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != BASELINE_SCHEMA:
        family, _, number = str(schema).partition("/")
        if family == BASELINE_SCHEMA.partition("/")[0] and number.isdecimal():
            raise PtelistError(
                f"{name}: schema: {family}/{number}, this ptelist reads {BASELINE_SCHEMA}: use a newer ptelist"
            )
        raise PtelistError(f'{name}: schema: expected "{BASELINE_SCHEMA}", a file that ptelist check --update wrote')
    scenarios = data.get("scenarios")
    if isinstance(scenarios, dict):
        data |= {"scenarios": {key: _known(each, WRITTEN) for key, each in scenarios.items()}}
    baseline: Baseline | Fault = read_record(Baseline, _known(data, KEPT))
    if isinstance(baseline, Fault):
        raise PtelistError(f"{name}: damaged: {'.'.join(baseline.path)}: {baseline.reason}: {ANEW}")
    return baseline._replace(label=name)


def _known(table: Any, fields: Sequence[str]) -> Any:
    """Return the fields of a table that this ptelist knows; a later one may write more."""
    return {key: table[key] for key in fields if key in table} if isinstance(table, dict) else table
