"""The reply as text: each patch quoted with what it changes, then what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import TOTAL
from ptelist.inspect.difference_page import place
from ptelist.inspect.page import value
from ptelist.output import numbers
from ptelist.output.page import HEAD, TEXT, Document, Table
from ptelist.output.plain import wrapped
from ptelist.patch.reply import STRUCTS
from ptelist.readers.builds.rules import STRUCTS as LAID_OUT
from ptelist.scenario.vm_structs import SIZEOF
from ptelist.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.inspect.differences import Difference
    from ptelist.output.page import Line
    from ptelist.patch.reply import Reply
    from ptelist.patch.states import Step

QUOTE = "> "
TITLE = f"{TOTAL}: all that KVM's MMU takes"
NOTHING = "It changes no struct that ptelist knows."


def document(reply: Reply, width: int | None) -> Document:
    """Return the page of so many columns; None is an endless line."""
    lines: list[Line] = []
    for step in reply.steps:
        lines += [(HEAD, line) for line in _quoted(step.patch.title, width)]
        lines += [(TEXT, line) for text in changes(step) for line in _broken(text, width)]
        lines.append((TEXT, ""))
    tables = [*_costs(reply, width), *_caches(reply, width)]
    return Document(tuple(tables), reply.notes, reply.command, tuple(lines[:-1]))


def _quoted(text: str, width: int | None) -> list[str]:
    """Return a line of a mail as it is quoted."""
    lines = wrapped(text, width - len(QUOTE), "").split("\n") if width else [text]
    return [f"{QUOTE}{line}" for line in lines]


def _broken(text: str, width: int | None) -> list[str]:
    return wrapped(text, width, "      ").split("\n") if width and len(text) > width else [text]


def changes(step: Step) -> Iterator[str]:
    """Yield what a patch changes: structs member by member, what follows for the profile, what types do not tell."""
    structs = step.structs()
    for name, moved in structs:
        size = next((each for each in moved if each.name == SIZEOF), None)
        members = [each for each in moved if each.name != SIZEOF]
        yield f"struct {name}{_size(size)}{' (members: bytes at offset)' if members else ''}"
        room = max((len(each.name) for each in members), default=0)
        yield from (f"  {each.name:{room}}  {place(each.before)} -> {place(each.after)}" for each in members)
    fields = [each for each in step.fields() if not _is_size(each, structs)]
    yield from (f"kernel.{each.name}: {value(each.before)} -> {value(each.after)}" for each in fields)
    if not structs and not fields:
        yield NOTHING
    for name, known in step.settings().items():
        told = ", ".join(f"kernel.{field} = {value(setting.value)}" for field, setting in known.items())
        yield f"Types do not tell, proposal {name} does: {told or _about(name)}"
    yield from (f"CONFIG_{name}: {old} -> {new}" for name, old, new in step.options())


def _size(size: Difference | None) -> str:
    if size is None:
        return ""
    return f", {place(size.before)} -> {place(size.after)} bytes"


def _is_size(field: Difference, structs: list[tuple[str, list[Difference]]]) -> bool:
    """Return whether a field only says again how large a struct is, or a member, whose layout stands above."""
    return field.name.endswith("_bytes") and any(name in LAID_OUT for name, _ in structs)


def _about(name: str) -> str:
    """Return why a proposal sets no field."""
    about = named.load(name, "proposals").about
    return str(about.get("note", "no field changes"))


def _costs(reply: Reply, width: int | None) -> Iterator[Table]:
    """Yield what all places take before, by how much each patch changes that, and what they take behind."""
    if not reply.counting:
        return
    layouts = _beside(reply, numbers.interval), _beside(reply, numbers.human), _below(reply)
    table = next((each for each in layouts if width is None or each.width() <= width), layouts[-1])
    yield table.within(width)


def _beside(reply: Reply, said: Callable[[int, int], str]) -> Table:
    """Return places beside each other."""
    costs = reply.costs
    rows = [("before", *(said(*cost.values[0]) for cost in costs))]
    if len(reply.counting) > 1:
        for number, step in enumerate(reply.counting):
            rows.append((f"  {step.patch.label}", *(numbers.change(cost.steps[number]) for cost in costs)))
    rows.append(("after", *(said(*cost.values[-1]) for cost in costs)))
    rows.append(("change", *(numbers.change(cost.whole) for cost in costs)))
    rows.append(("", *(numbers.percent(cost.whole) for cost in costs)))
    return Table(("bytes", *(cost.place for cost in costs)), tuple(rows), TITLE, strong=frozenset((len(rows) - 2,)))


def _below(reply: Reply) -> Table:
    """Return places below each other."""
    rows, strong = [], set()
    for cost in reply.costs:
        rows.append((cost.place, "", ""))
        rows.append(("  before", numbers.human(*cost.values[0]), ""))
        if len(reply.counting) > 1:
            for step, change in zip(reply.counting, cost.steps, strict=True):
                rows.append((f"  {step.patch.label}", numbers.change(change), numbers.percent(change)))
        strong.add(len(rows))
        rows.append(("  change", numbers.change(cost.whole), numbers.percent(cost.whole)))
    return Table(("place", "bytes", ""), tuple(rows), TITLE, strong=frozenset(strong))


def _caches(reply: Reply, width: int | None) -> Iterator[Table]:
    """Yield the layout of kmem_caches where it changes: objects and order of slabs depend on the CPUs of a host."""
    cells: dict[tuple[str, str], list[str]] = {}
    moved = set()
    for first, last in reply.places:
        for cache, figure, old, new in reply.of_caches(first, last):
            same = (old.low, old.high) == (new.low, new.high)
            moved |= set() if same else {cache}
            text = numbers.term(old) if same else f"{numbers.term(old)} -> {numbers.term(new)}"
            cells.setdefault((cache, figure), []).append(text)
    names = [reply.comparison.columns[first].labels[0] for first, _ in reply.places]
    for cache in STRUCTS:
        if cache in moved:
            rows = tuple((figure, *texts) for (of, figure), texts in cells.items() if of == cache)
            yield Table(("slabs", *names), rows, f"kmem_cache {cache}").within(width)
