"""What a name can mean: a preset, a configuration of a build, or a machine, this one or one that was observed."""

from __future__ import annotations

import os
from functools import cache

from ptelist.errors import PtelistError
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.shipped import FILE, Preset, find, path_of
from ptelist.scenario.presets.text_file import read_text
from ptelist.scenario.presets.versions import is_release
from ptelist.settings.catalog.meanings import MEANINGS

RUNNING = "running"
"""The name of this machine, as a kernel, a host, or both."""

DIGITS = frozenset("v0123456789")
"""How the name of a release begins."""

SAVED = "ptelist observation"
"""How a file begins that holds another machine."""

EXPECTED = "a preset in TOML or a saved observation"


@cache
def load(name: str, kind: str | None = None) -> Preset:
    """Return a preset with all that it extends laid under it.

    Raises PtelistError with file and line for anything that cannot be read, and for a release of
    a distribution, unless it is RELEASE=PROFILE, which says what stands for it.
    """
    if name == RUNNING:
        return _machine(None, RUNNING, kind)
    if kind in {None, "kernels"} and name[:1] in DIGITS and _is_a_release(name):
        from ptelist.scenario.presets import mapping  # noqa: PLC0415 -- for releases only

        if said := mapping.parts(name):
            return _taken_for(*said)
        mapping.refuse_unknown(name)
    known = _known(name, kind)
    file, meant = find(known, kind)
    if meant == FILE and kind == "configs":
        from ptelist.readers.host import kconfig  # noqa: PLC0415 -- for files of a build only

        if (config := kconfig.read(path_of(file, meant), name)) is not None:
            return Preset(
                file.rpartition("/")[2], meant, {"title": f"the configuration {name}"}, Overlay(config=config)
            )
    if meant == FILE and (text := read_text(path_of(file, meant), name, EXPECTED)).startswith(SAVED):
        return _machine(text, name, kind)
    return shipped.load(known, kind)


def _is_a_release(name: str) -> bool:
    """Return whether a name is that of a kernel that runs somewhere, with what stands for it or without."""
    return name not in shipped.names("kernels") and is_release(name.partition("=")[0])


def _taken_for(release: str, profile: str) -> Preset:
    """Return the profile that stands for a release, as was said."""
    preset = load(profile, "kernels")
    told = {
        field: Setting(value, Origin("--kernel"), field, f"said to be as {profile}")
        for field, value in (("release", release), ("profile", profile))
    }
    return preset._replace(overlay=preset.overlay._replace(kernel=preset.overlay.kernel | told))


def _known(name: str, kind: str | None) -> str:
    """Return a name that presets know, or a path; what is no preset may be a file in this folder."""
    try:
        find(name, kind)
    except PtelistError:
        if name in MEANINGS:
            text = f'"{name}" is a figure, not a preset: --figure {name} shows it, ptelist explain {name} derives it'
            raise PtelistError(text) from None
        if not os.path.isfile(name):  # noqa: PTH113 -- pathlib takes long to load
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
    overlay = machine.PARTS[kind](found, label)
    if kind != "hosts":
        from ptelist.settings import own_slabs  # noqa: PLC0415 -- as above

        overlay = overlay._replace(kernel=overlay.kernel | own_slabs.told(found, label, overlay))
    return Preset(label, kind or "file", {"title": f"the machine {label}"}, overlay)
