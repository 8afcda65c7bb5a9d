"""ptelist patch: what it does."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from ptelist.compare.result import result
from ptelist.errors import PtelistError, Where
from ptelist.output.command_line import command_line
from ptelist.patch import fleets, made, page
from ptelist.patch.body import body
from ptelist.patch.costs import comparison, of_many, of_places
from ptelist.patch.notes import notes
from ptelist.patch.reply import Reply
from ptelist.patch.sentence import headline
from ptelist.patch.sheet import blocks
from ptelist.patch.states import states, steps
from ptelist.patch.tree import Tree
from ptelist.readers.builds.builds import once
from ptelist.settings import named
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.command_line import Options
    from ptelist.output.result import Result
    from ptelist.patch.fleets import Hosts
    from ptelist.patch.made import Made
    from ptelist.patch.states import State

OF_THE_SERIES = frozenset(("kernel", "proposal"))
"""Options that say what the series itself is laid over."""

NAMED = {"kernel": "kernels", "config": "configs", "host": "hosts", "vm": "vms", "proposal": "proposals"}
"""Options that name presets, of each kind."""


def run(  # noqa: PLR0913, PLR0917 -- a series in a tree, or two builds
    options: Options,
    series: str | None,
    tree: str | None,
    before: str | None,
    after: str | None,
    base: str | None,
    fleet: str | None,
) -> Result:
    """Return what each patch of a series changes in structs, and what that costs."""
    own = [("tree", tree), ("before", before), ("after", after), ("base", base), ("fleet", fleet)]
    line = command_line("patch", [series] if series else [], [*((name, text) for name, text in own if text), *options])
    said = _single(options)
    hosts = fleets.read(fleet) if fleet else None
    proposals = [name for name in said.get("proposal", "none").split("+") if name != "none"]
    if before or after:
        found = _given(series, tree or base, before, after, said.get("kernel"))
        every = _states(found, proposals)
    elif series:
        with _scratch() as folder:
            found = made.of_tree(Tree(tree or "."), series, base, said, folder)
            every = _states(found, proposals)
    else:
        raise click.UsageError("expected a mbox or commits with --tree DIR, or --before FILE and --after FILE")
    return _reply(found, every, [each for each in options if each[0] not in OF_THE_SERIES], hosts, line)


def _states(found: Made, proposals: list[str]) -> list[State]:
    return states(found.patches, found.builds, found.profile, proposals)


@contextmanager
def _scratch() -> Iterator[Path]:
    """Give a folder for a copy of a tree and what is built in it."""
    try:
        folder = TemporaryDirectory(prefix="ptelist-", ignore_cleanup_errors=True)
    except OSError as error:
        reason = error.strerror or error
        raise PtelistError(f"no folder for a copy of the tree: {reason}; TMPDIR can name one") from None
    with folder as name:
        yield Path(name)


def _single(options: Options) -> dict[str, str]:
    """Return options; raises PtelistError, before anything is built, for one of several values or an unknown name."""
    for axis, values in Space((), options).axes:
        if len(values) > 1:
            raise PtelistError(f"has {len(values)} values, expected one", axis.where)
        if axis.name == "kernel-from":
            raise PtelistError("two builds are --before FILE and --after FILE", axis.where)
    said = dict(options)
    for option, kind in NAMED.items():
        for name in said[option].split("+") if option in said else ():
            named.load(name, kind)
    return said


def _given(series: str | None, tree: str | None, before: str | None, after: str | None, kernel: str | None) -> Made:
    if not before or not after:
        missing = "--after" if before else "--before"
        raise PtelistError("is missing: builds are given as --before FILE and --after FILE", Where(option=missing))
    if tree:
        raise click.UsageError("--before and --after are built already: without --tree and --base")
    return made.given(before, after, series, kernel)


def _configured(found: Made, options: Options) -> Options:
    """Return options with the configuration that was built, where they say nothing of it."""
    said = {name for name, _ in options}
    built = [("config", found.config)] if found.config and "config" not in said else []
    if found.config and "MEMCG" not in found.builds[0].options and "memcg" not in said:
        built.append(("memcg", "off"))
    return [*options, *built]


def _reply(found: Made, every: list[State], options: Options, hosts: Hosts | None, line: str) -> Result:
    """Return what was found as a result."""
    between = steps(found.patches, every)
    shown = [every[0], *(step.after for step in between if step.counts)]
    options = _configured(found, options)
    compared = comparison(shown, options, line)
    costs = of_places(compared)
    costs.append(fleets.of_inventory(hosts, shown, options) if hosts else of_many(costs[-1]))
    types = once(every[0].chosen["kernel-from"].value).btf
    said = (*found.notes, *notes(every, between, types, hosts.path if hosts else ""), *compared.assumptions)
    reply = Reply(tuple(between), compared._replace(assumptions=said), tuple(costs), said, line)
    return result(
        reply.comparison,
        lambda width: page.document(reply, width),
        said=lambda: headline(reply),
        sheet=lambda endless: blocks(reply, endless),
        **body(reply),
    )
