"""Parts of the README and of the manual's pages that are written by what they are about."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import accuracy
from kernel import summary
from screens import PLAIN, played

from ptelist.cli import COMMANDS
from ptelist.cli.options import TITLES
from ptelist.explore.keys import KEYS
from ptelist.output.manual import pages
from ptelist.scenario.limits import DebugLetters, Limits, Size
from ptelist.scenario.models import RECORDS, ListClass, Slot
from ptelist.scenario.units import format_size
from ptelist.settings.axes import AXES
from ptelist.settings.catalog.fields import FIELDS, LIST_CLASS, SLOT
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.settings.defaults import default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from click.testing import Result

    from ptelist.settings.axes import Axis

    Run = Callable[..., Result]

SIZE, LETTERS = Size.__metadata__[0], DebugLetters.__metadata__[0]
ITEMS = {"vm.rmaps and vm.parent_ptes": (ListClass, LIST_CLASS), "vm.slots": (Slot, SLOT)}
"""The records that some fields list, and what their fields mean."""


def listed(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


# the fields of a scenario, by their declaration


def field_list() -> str:
    """Return a list of all fields by part, each with its option, its meaning, its type and its limits."""
    options = {path: axis.option for axis in AXES.values() for path in axis.paths}
    parts = [(f"[{part}]", RECORDS[part], f"{part}.", texts) for part, texts in FIELDS.items()]
    parts += [(f"Items of {name}", record, "", texts) for name, (record, texts) in ITEMS.items()]
    return "\n".join(f"## {head}\n\n{listed(_fields(*part, options))}" for head, *part in parts)


def _fields(record: type, prefix: str, texts: dict[str, str], options: dict[str, str]) -> Iterator[str]:
    assert list(texts) == list(record.__annotations__), "each field has a meaning, in the order of the declaration"
    for field, annotation in record.__annotations__.items():
        option = f" (`{options[prefix + field]}`)" if prefix + field in options else ""
        yield f"`{prefix}{field}`{option}: {texts[field]}. {_capital(type_words(annotation))}."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def type_words(annotation: Any) -> str:
    """Return what values a field takes."""
    kind, arguments = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _limited(arguments[0], [each for each in arguments[1:] if isinstance(each, Limits)])
    if kind is Literal:
        words = [f"`{each}`" for each in arguments]
        return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
    if kind in {Union, UnionType}:
        (one,) = (each for each in arguments if each is not type(None))
        return f"{type_words(one)}; may be empty"
    if kind is tuple:
        if arguments[-1] is ...:
            return f"list of: {type_words(arguments[0])}"
        return f"list of {len(arguments)}: {', '.join(map(type_words, arguments))}"
    return {int: "whole number", bool: "`true` or `false`", str: "text", ListClass: "list class", Slot: "memslot"}[
        annotation
    ]


def _limited(base: Any, limits: list[Limits]) -> str:
    if LETTERS in limits:
        return "letters of FZPUTA, or `none`"
    least = max((each.least for each in limits if each.least is not None), default=None)
    most = min((each.most for each in limits if each.most is not None), default=None)
    shortest = max((each.shortest for each in limits if each.shortest is not None), default=None)
    is_size = SIZE in limits
    said = "size in whole pages" if is_size else type_words(base)
    show = format_size if is_size else "{:,}".format
    if least is not None:
        said += f", {show(least)} to {show(most)}" if most is not None else f", at least {show(least)}"
    if shortest is not None:
        said += f", {shortest} or more of them"
    if base is str and any(each.pattern == r"[0-9]{1,4}\.[0-9]{1,4}" for each in limits):
        said += ", a series as 6.1"
    return said


# options, figures, commands and topics


def parameter_list() -> str:
    """Return a list of all parameters by what they are about: how each is typed, what it is, its default."""

    def said(axis: Axis) -> str:
        in_force = default(axis.name)
        return f"`{axis.option} {axis.kind.metavar}`: {axis.help}{f' Default: {in_force}.' if in_force else ''}"

    parts = {part: [said(axis) for axis in AXES.values() if axis.part == part] for part in ("kernel", "host", "vm")}
    assert sum(map(len, parts.values())) == len(AXES)
    return "\n".join(f"## {TITLES[part]}\n\n{listed(lines)}" for part, lines in parts.items())


def figure_list() -> str:
    """Return a list of all figures by group, each with its meaning."""
    groups: dict[str, list[str]] = {}
    for name, text in MEANINGS.items():
        groups.setdefault(name.split(".")[0], []).append(f"`{name}`: {text}.")
    return "\n".join(f"## {group}\n\n{listed(lines)}" for group, lines in groups.items())


def command_list(folder: str = "") -> str:
    """Return a list of all commands in the order of their use."""
    return listed(f"[{name}]({folder}{name}.md): {pages.page(name).about}." for name in COMMANDS)


def topic_list() -> str:
    """Return a list of all other pages."""
    others = [pages.page(name) for name in pages.names() if name not in {*COMMANDS, pages.INDEX}]
    return listed(f"[{each.name}]({each.name}.md): {each.about}." for each in others)


# the answer

WHOLE, TYPICAL, LISTS = (f"pte_list_desc.{name}" for name in ("bytes.total", "bytes.typical", "objects.rmaps"))
HEAD = ("ext 14", "ext 2", "change", "")
ANSWERS = {
    "1 vCPU alone, small host": ("--host laptop --vcpus 1", WHOLE),
    "8 vCPUs, small host": ("--host laptop --vcpus 8", WHOLE),
    "256 vCPUs, small host": ("--host laptop --vcpus 256", WHOLE),
    "1 vCPU alone, 256 CPUs and two nodes": ("--host server-256 --vcpus 1", WHOLE),
    "256 vCPUs, 256 CPUs and two nodes": ("--host server-256 --vcpus 256", WHOLE),
    "64 VMs of 1 vCPU, fresh host": ("--host single-cpu --vcpus 1 --vms 64", WHOLE),
    "the same, of 128 of which half have ended (simulated)": (
        "--host single-cpu --vcpus 1 --vms 64 --filling aged --peak-vms 128",
        TYPICAL,
    ),
    "a nested boot on 6.1": ("nested-6.1-pc --kernel 6.1", WHOLE),
    "its descriptors in lists": ("nested-6.1-pc --kernel 6.1", LISTS),
    "the same boot on 7.3": ("nested-7.3-pc --kernel 7.3", WHOLE),
    "its descriptors in lists there": ("nested-7.3-pc --kernel 7.3", LISTS),
}
"""The cases of the README's table: what is compared, and which figure."""


def answer_table(run: Run) -> str:
    """Return the README's table: each case with ext 14 and 2, the cells as compare's Markdown has them."""
    lines = [f"| VMs and host | asked with | {' | '.join(HEAD)} |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for case, (words, figure) in ANSWERS.items():
        result = run("compare", *words.split(), "--ext", "14,2", "--figure", figure, "--format", "markdown")
        assert result.exit_code == 0, result.output
        (row,) = (line for line in result.stdout.splitlines() if line.replace("\\", "").startswith(f"| {figure} "))
        cells = [cell.strip() for cell in row.strip("|").split("|")[1:]]
        assert len(cells) <= len(HEAD)
        lines.append(f"| {case} | `{words}` | {' | '.join([*cells, *[''] * (len(HEAD) - len(cells))])} |")
    return "\n".join(lines) + "\n"


# the walk-through of explore

WALK = {
    "start": "home",
    "ext": "down down down 2 enter",
    "objects": f"/ {' '.join('pte_list_desc.objects')} enter",
    "fewer": f"escape p up enter {' '.join('tdp-fewer-objects')} enter",
}
"""What is pressed for each screen."""


@cache
def walk() -> dict[str, str]:
    """Return the screens of the walk-through, in ASCII."""
    _, *screens = played("--vcpus 256", *WALK.values())
    return {name: screen.translate(PLAIN) for name, screen in zip(WALK, screens, strict=True)}


def screen(name: str) -> Callable[[Run], str]:
    """Return what writes a screen of the walk-through."""
    return lambda _: f"```text\n{walk()[name]}\n```\n"


def key_list() -> str:
    """Return a list of the keys of explore."""
    return listed(f"`{key.shown}`: {key.about}." for key in KEYS if key.shown)


TABLES: dict[str, Callable[[Run], str]] = {
    "accuracy": lambda _: accuracy.table(),
    "answer": answer_table,
    "commands": lambda _: command_list(),
    "commands-readme": lambda _: command_list("ptelist/docs/"),
    **{f"explore-{name}": screen(name) for name in WALK},
    "fields": lambda _: field_list(),
    "figures": lambda _: figure_list(),
    "keys": lambda _: key_list(),
    "kernels": lambda _: summary.table(),
    "parameters": lambda _: parameter_list(),
    "topics": lambda _: topic_list(),
}
"""By the name in the marks between which each is written."""
OF_ALL_BOOTS = frozenset(("accuracy", "kernels"))
"""Those that count each number of each boot, which takes half a minute: they are written in a whole run only."""
