"""A preset as TOML, each value with its source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ptelist.scenario.overlay import Fields, Overlay

PLAIN = frozenset(("tree", "release", "version"))
"""Fields that name a kernel and need no source."""


def render(name: str, base: str, overlay: Overlay) -> str:
    """Return a preset that lays these settings over another one."""
    lines = [f"title = {text(f'layouts of {name}')}", f"extends = {text(base)}"]
    for part, fields in (("kernel", overlay.kernel), ("config", overlay.config), ("host", overlay.host)):
        if fields:
            lines += ["", f"[{part}]", *_table(fields)]
    return "\n".join(lines) + "\n"


def _table(fields: Fields) -> list[str]:
    return [
        f"{field} = {text(setting.value)}"
        if field in PLAIN
        else f"{field} = {{ value = {text(setting.value)}, source = {text(setting.source)} }}"
        for field, setting in fields.items()
    ]


def text(value: Any) -> str:
    """Return a TOML value; TOML reads JSON's text, numbers and truth as they are."""
    return json.dumps(value)
