"""What a shell may offer for a word that is being typed; loads no pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.settings import figure_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click
    from click.shell_completion import CompletionItem

    from ptelist.settings.kinds import Kind

    Completer = Callable[..., list[CompletionItem | str]]


def last_word(kind: Kind) -> Completer:
    """Return a completer for the last word of a list joined by "," or "+", of values of a kind."""
    return last_of(kind.offered)


def last_of(offered: Callable[[str], Sequence[str]]) -> Completer:
    """Return a completer for the last word of a list, of what is offered for one that is begun."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem | str]:
        del ctx, param
        cut = max(incomplete.rfind(","), incomplete.rfind("+")) + 1
        return [incomplete[:cut] + each for each in offered(incomplete[cut:])]

    return complete


figure = last_of(figure_names.offered)
"""Completes a figure or a group of figures."""
