"""What a shell may offer for a word that is being typed; loads no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.presets.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import click
    from click.shell_completion import CompletionItem


MACHINES = frozenset(("kernels", "hosts"))
"""Kinds of presets that this machine can be."""


def last_of(words: Callable[[], list[str]]) -> Callable[..., list[CompletionItem | str]]:
    """Return a completer for the last word of a list joined by "," or "+"."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem | str]:
        del ctx, param
        cut = max(incomplete.rfind(","), incomplete.rfind("+")) + 1
        before, word = incomplete[:cut], incomplete[cut:]
        return [before + each for each in words() if each.startswith(word)]

    return complete


def presets_of(*kinds: str) -> Callable[..., list[CompletionItem | str]]:
    """Return a completer for names of presets, of all kinds if none is given."""

    def names() -> list[str]:
        from ptelist.presets import shipped  # noqa: PLC0415 -- only while completing
        from ptelist.settings import named  # noqa: PLC0415 -- only while completing

        found = [name for kind in kinds or KINDS for name in shipped.names(kind)]
        return found if kinds and not MACHINES.intersection(kinds) else [*found, named.RUNNING]

    return last_of(names)


def axis_values(kind: str) -> Callable[..., list[CompletionItem | str]]:
    """Return a completer for the values of an axis of this kind."""
    if kind in KINDS:
        return presets_of(kind)
    return last_of(lambda: ["on", "off"] if kind == "bool" else [])
