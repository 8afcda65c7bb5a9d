"""What a preset says of itself and sets, with the source of each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import plain
from ptelist.output.toml_values import key, toml
from ptelist.scenario.presets.parse import BY_RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario.overlay import Fields
    from ptelist.scenario.presets.shipped import Preset


def render(preset: Preset, chosen: str, width: int) -> str:
    """Return the preset as TOML that reads back, sources as comments."""
    text = "\n".join(_lines(preset, width))
    if chosen == "markdown":
        return f"{plain.fenced('toml', text)}\n"
    return f"{text}\n"


def _lines(preset: Preset, width: int) -> Iterator[str]:
    for name, value in preset.about.items():
        if name != "extends":
            yield f"{key(name)} = {toml(value)}"
    overlay = preset.overlay
    tables = [("[kernel]", overlay.kernel), ("[config]", overlay.config), ("[host]", overlay.host)]
    tables += [("[vm]", overlay.vm), *(("[[vm]]", group) for group in overlay.vms)]
    for header, fields in tables:
        if fields:
            yield ""
            yield header
            yield from _fields(fields, width)
    for variant in preset.variants:
        yield ""
        yield f"[[{variant.table}]]"
        yield f"{BY_RELEASE[variant.table]} = {toml(variant.release)}"
        if variant.source:
            yield f"source = {toml(variant.source)}"
        yield from _fields(variant.fields, width, variant.source)


def _fields(fields: Fields, width: int, known: str = "") -> Iterator[str]:
    for name, setting in fields.items():
        if setting.value is None:
            continue
        if (source := str(setting.provenance)) != known:
            yield from plain.wrapped(plain.clean(f"# {source}", "ascii"), width, "#   ").split("\n")
        yield f"{key(name)} = {toml(setting.value)}"
