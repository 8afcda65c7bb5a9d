"""ptelist presets: what it does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ptelist.engine.account import account
from ptelist.output import plain
from ptelist.output.page import MAIL_WIDTH
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.kinds import KINDS
from ptelist.settings import named, presets_page
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def list_presets(kind: str | None) -> str:
    """Name the shipped presets, with their titles."""
    return "".join(f"{line}\n" for each in ((kind,) if kind else KINDS) for line in _titles(each))


def _titles(kind: str) -> Iterator[str]:
    yield f"{kind}:"
    names = shipped.names(kind)
    for name in names:
        preset = named.load(name, kind)
        tree = preset.overlay.kernel.get("tree")
        about = f"{preset.about['title']} (tree {tree.value})" if tree else preset.about["title"]
        label = f"  {name:{max(map(len, names))}}  "
        yield label + plain.wrapped(about, MAIL_WIDTH - len(label), " " * len(label))


def show_presets(name: str) -> Callable[[str, int], str]:
    """Return what writes a preset, with the source of each value, in a format and a width."""
    return partial(presets_page.render, named.load(name))


def path_presets(name: str | None) -> str:
    """Name the file of a preset, or the folder of all."""
    return f"{plain.clean(str(shipped.path_of(*shipped.find(name)) if name else shipped.root()))}\n"


def validate_presets(files: tuple[str, ...]) -> str:
    """Check presets: each is laid over the defaults and accounted for."""
    for file in files:
        for column in expand([file], []).columns:
            account(column.scenario)
    return "".join(f"{plain.clean(file)}: ok\n" for file in files)
