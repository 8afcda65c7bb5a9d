"""What a shell may offer for a word that is being typed; loads no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import click
    from click.shell_completion import CompletionItem

    from ptelist.settings.kinds import Kind


def last_word(kind: Kind) -> Callable[..., list[CompletionItem | str]]:
    """Return a completer for the last word of a list joined by "," or "+", of values of a kind."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem | str]:
        del ctx, param
        cut = max(incomplete.rfind(","), incomplete.rfind("+")) + 1
        before, word = incomplete[:cut], incomplete[cut:]
        return [before + each for each in kind.words() if each.startswith(word)]

    return complete
