"""What a name can mean: a preset, a configuration of a build, or a machine, this one or one that was observed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ptelist.errors import PtelistError
from ptelist.scenario.overlay import Overlay
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.shipped import Preset, find
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.catalog.meanings import MEANINGS

RUNNING = "running"
"""The name of this machine, as a kernel, a host, or both."""

SAVED = "ptelist observation"
"""How a file begins that holds another machine."""


@cache
def load(name: str, kind: str | None = None) -> Preset:
    """Return a preset with all that it extends laid under it.

    Raises PtelistError with file and line for anything that cannot be read.
    """
    if name == RUNNING:
        return _machine(None, RUNNING, kind)
    known = _known(name, kind)
    path, meant = find(known, kind)
    if meant == "file" and kind == "configs":
        from ptelist.readers.host import kconfig  # noqa: PLC0415 -- for files of a build only

        if (config := kconfig.read(path, name)) is not None:
            return Preset(path.name, meant, {"title": f"the configuration {name}"}, Overlay(config=config))
    if meant == "file" and (text := read_text(path, name)).startswith(SAVED):
        return _machine(text, name, kind)
    return shipped.load(known, kind)


def _known(name: str, kind: str | None) -> str:
    """Return a name that presets know, or a path; what is no preset may be a file in this folder."""
    try:
        find(name, kind)
    except PtelistError:
        if name in MEANINGS:
            text = f'"{name}" is a figure, not a preset: --figure {name} shows it, ptelist explain {name} derives it'
            raise PtelistError(text) from None
        if not Path(name).is_file():
            raise
        return f"./{name}"
    return name


def config(name: str, version: str) -> Overlay:
    """Return a configuration as it is for a kernel version; raises PtelistError if it says nothing of it.

    What [config] has without a source is the same in all its [[series]] tables, and has theirs.
    """
    preset = load(name, "configs")
    if not preset.variants:
        return preset.overlay
    for variant in preset.variants:
        if variant.release == version:
            said = preset.overlay.config
            common = {
                field: setting if setting.source else setting._replace(source=variant.source)
                for field, setting in said.items()
            }
            own = {field: each for field, each in said.items() if each.origin.label != variant.origin.label}
            return preset.overlay._replace(config=common | variant.fields | own)
    known = ", ".join(variant.release for variant in preset.variants)
    raise PtelistError(f"config {preset.name} says nothing of kernel {version}, but of {known}: use --config upstream")


def _machine(text: str | None, label: str, kind: str | None) -> Preset:
    """Return a machine that was observed, or this one, as a kernel, a host or both."""
    from ptelist.readers.host import machine, snapshot  # noqa: PLC0415 -- for machines only

    if kind not in machine.PARTS:
        raise PtelistError(f"{label}: is a machine, which can be a kernel or a host, expected a {kind} preset")
    found = snapshot.here() if text is None else snapshot.parse(text, label)
    return Preset(label, kind or "file", {"title": f"the machine {label}"}, machine.PARTS[kind](found, label))
