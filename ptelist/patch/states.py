"""A kernel before a series and after each patch of it, each a point of a space."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ptelist.inspect.differences import profile_changes, struct_changes
from ptelist.inspect.inspection import inspect
from ptelist.readers.builds import profile as profiles
from ptelist.readers.builds.builds import once
from ptelist.scenario.presets import shipped
from ptelist.settings import named
from ptelist.settings.kinds import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptelist.inspect.differences import Difference
    from ptelist.inspect.inspection import Inspected
    from ptelist.patch.series import Patch
    from ptelist.scenario.overlay import Fields
    from ptelist.settings.kinds import Chosen

BEFORE = "before"
KNOWN = "proposals"
NOTHING: Mapping[str, str] = {}


class Built(NamedTuple):
    """One build: the file with its types, and what it was built with as far as that is known."""

    spec: str
    options: Mapping[str, str] = NOTHING


class State(NamedTuple):
    """A kernel before a series, or with some of its patches."""

    name: str
    """"before", or the label of the last patch."""
    kernel: Inspected
    proposals: tuple[str, ...]
    """What is known of the series up to here that types do not tell."""
    chosen: Chosen
    options: Mapping[str, str]
    """Its configuration, by option; empty if it is not known."""


class Step(NamedTuple):
    """What one patch changes."""

    patch: Patch
    before: State
    after: State

    @property
    def proposals(self) -> tuple[str, ...]:
        """Return what is known of this patch that types do not tell."""
        return self.after.proposals[len(self.before.proposals) :]

    def structs(self) -> list[tuple[str, list[Difference]]]:
        """Return the structs that it changes, with what of each."""
        return list(struct_changes(self.before.kernel, self.after.kernel))

    def fields(self) -> list[Difference]:
        """Return the fields of the kernel's profile that it changes."""
        return list(profile_changes(self.before.kernel, self.after.kernel))

    def untold(self) -> list[str]:
        """Return the fields that types told before it and do not tell behind it."""
        return [each.name for each in self.fields() if each.after is None]

    def options(self) -> list[tuple[str, str, str]]:
        """Return the options of the configuration that it changes, with what they were and are ("n" for off)."""
        old, new = self.before.options, self.after.options
        names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        return [(name, old.get(name, "n"), new.get(name, "n")) for name in names]

    def settings(self) -> dict[str, Fields]:
        """Return the fields of the kernel that types do not tell and that are known, by the proposal that sets them."""
        return {name: named.load(name, KNOWN).overlay.kernel for name in self.proposals}

    @property
    def counts(self) -> bool:
        """Return whether a figure may change."""
        return bool(self.fields() or any(self.settings().values()))


def states(patches: Sequence[Patch], builds: Sequence[Built], profile: str, own: Sequence[str]) -> list[State]:
    """Return the kernel before and after each patch, over a profile; `own` are proposals that the user names.

    A proposal belongs to the patch whose message-id it has; one of the user's without such a patch to the last.
    """
    known = _by_message(own)
    left = [name for name in own if not any(known.get(each) == name for patch in patches for each in patch.messages)]
    found: list[State] = []
    proposals: tuple[str, ...] = ()
    for number, build in enumerate(builds):
        patch = patches[number - 1] if number else None
        if patch:
            proposals += tuple(dict.fromkeys(known[each] for each in sorted(patch.messages) if each in known))
        if number and number == len(builds) - 1:
            proposals += tuple(left)
        name = patch.label if patch else BEFORE
        chosen = {"kernel": Choice(profile, profile), "kernel-from": Choice(name, build.spec)}
        if proposals:
            chosen["proposal"] = Choice("+".join(proposals), "+".join(proposals))
        kernel = inspect(build.spec, (), profile)
        profiles.said(once(build.spec))  # which fails for a build without KVM
        found.append(State(name, kernel, proposals, chosen, build.options))
    return found


def steps(patches: Sequence[Patch], found: Sequence[State]) -> list[Step]:
    """Return what each patch changes."""
    return [Step(patch, *pair) for patch, pair in zip(patches, pairwise(found), strict=True)]


def _by_message(own: Sequence[str]) -> dict[str, str]:
    """Return the proposals that ship and the user's own by message-id."""
    names = (*shipped.names(KNOWN), *own)
    ids = {name: named.load(name, KNOWN).about.get("message_id", "") for name in names}
    return {message: name for name, message in ids.items() if message}
