"""For notebooks and scripts: presets and options in, figures as plain data out.

An option is named as on the command line, with _ for -, and takes a number, a text, True or False; a list has several
values, as a comma has there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.comparison import compare, pick_one
from ptelist.compare.single import single
from ptelist.compare.tree import document
from ptelist.engine.interval import Interval
from ptelist.errors import PtelistError, suggestion
from ptelist.output.branches import ALL_LEVELS
from ptelist.output.command_line import command_line
from ptelist.output.formats.mail import draw
from ptelist.output.page import MAIL_WIDTH
from ptelist.scenario.presets.kinds import KINDS
from ptelist.scenario.presets.shipped import names
from ptelist.settings.axes import AXES
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.ledger import Ledger
    from ptelist.output.command_line import Options

    Value = bool | int | str | Sequence[bool | int | str]


class Figure(NamedTuple):
    """A figure's least and most, which are one where the kernel leaves nothing open, and its unit."""

    low: int
    high: int
    unit: str


class Column(NamedTuple):
    """One scenario of a comparison."""

    name: str
    figures: dict[str, Figure]
    baseline: str
    changes: dict[str, Interval]
    """By figure, how much more than in the baseline; empty for the baseline itself."""


def preset_names(kind: str) -> tuple[str, ...]:
    """Return the shipped presets of a kind: kernels, configs, hosts, vms, memslots or proposals.

    >>> preset_names("kernels")[0]
    '5.10'
    """
    if kind not in KINDS:
        raise PtelistError(f"no kind of presets {kind!r}: expected one of {', '.join(KINDS)}")
    return names(kind)


def figures(preset: str | None = None, /, **options: Value) -> dict[str, Figure]:
    """Return every figure of one scenario; raises PtelistError for options that make several, or a bad one.

    >>> figures(vcpus=256, ext=2)["pte_list_desc.bytes.total"]
    Figure(low=409600, high=409600, unit='bytes')
    """
    comparison = single((preset,) if preset else (), _options(options), "")
    return _plain(comparison.ledgers[0])


def comparison(*presets: str, **options: Value) -> list[Column]:
    """Return the columns that presets and options make, each held against its baseline.

    >>> [(column.name, column.changes.get("mmu.bytes.total")) for column in comparison(vcpus=256, ext=[2, 14])]
    [('ext=2', Interval(low=-983040, high=-983040)), ('ext=14', None)]
    """
    found = compare(expand(presets, _options(options)), "", charged=True)
    columns = []
    for number, (column, ledger) in enumerate(zip(found.columns, found.ledgers, strict=True)):
        changes = {figure: Interval.of(change) for figure in ledger if (change := found.change(figure, number))}
        columns.append(Column(column.name, _plain(ledger), found.columns[column.baseline].name, changes))
    return columns


def derivation(figure: str, preset: str | None = None, /, **options: Value) -> str:
    r"""Return how a figure of one scenario follows, whole, as `ptelist explain --depth all` prints it.

    >>> print(derivation("pte_list_desc.slabs", vcpus=256).splitlines()[0])
    pte_list_desc.slabs = 320 slabs
    """
    given = _options(options)
    presets = (preset,) if preset else ()
    found = single(presets, given, command_line("explain", (figure, *presets), given))
    picked = pick_one(found.ledgers[0], figure)
    return draw(document(found, picked, MAIL_WIDTH, ALL_LEVELS), MAIL_WIDTH)


def _plain(ledger: Ledger) -> dict[str, Figure]:
    return {name: Figure(term.low, term.high, term.unit.value) for name, term in ledger.items()}


def _options(options: dict[str, Value]) -> Options:
    known = {*AXES, "set"}
    given = [(name.rstrip("_").replace("_", "-"), _text(value)) for name, value in options.items()]
    for name, _ in given:
        if name not in known:
            raise PtelistError(f"no option {name!r}{suggestion(name, known)}")
    return given


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | str):
        return str(value)
    return ",".join(map(_text, value))
