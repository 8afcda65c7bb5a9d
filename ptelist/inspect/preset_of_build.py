"""A preset as TOML, each value with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.toml_values import toml

if TYPE_CHECKING:
    from ptelist.scenario.overlay import Fields, Overlay, Setting

PLAIN = frozenset(("tree", "release", "version"))
"""Fields that name a kernel and need no source."""


def render(name: str, base: str, overlay: Overlay) -> str:
    """Return a preset that lays these settings over another one."""
    lines = [f"title = {toml(f'layouts of {name}')}", f"extends = {toml(base)}"]
    for part, fields in (("kernel", overlay.kernel), ("config", overlay.config), ("host", overlay.host)):
        if fields:
            lines += ["", f"[{part}]", *_table(fields)]
    return "\n".join(lines) + "\n"


def _table(fields: Fields) -> list[str]:
    return [
        f"{field} = {toml(setting.value if field in PLAIN else _sourced(setting))}" for field, setting in fields.items()
    ]


def _sourced(setting: Setting) -> dict[str, object]:
    return {"value": setting.value, "source": setting.source}
