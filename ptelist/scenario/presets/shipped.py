"""Presets by name or path, with all that they extend laid under them."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.scenario.overlay import Fields, Origin, Overlay, Setting
from ptelist.scenario.presets.kinds import KINDS
from ptelist.scenario.presets.parse import Parsed, Variant, parse, toml
from ptelist.scenario.presets.text_file import read_text
from ptelist.scenario.presets.versions import SERIES, is_release, stable_key, version_key

if TYPE_CHECKING:
    from pathlib import Path

MOST_PARENTS = 64
FILE, SUFFIX = "file", ".toml"
"""The kind of a user's own preset; how names of preset files end."""
FIRST = ""
"""Instead of a release's name: a series without what its stable releases changed, which the next one begins from."""
OF_A_SERIES = frozenset(("version", "stable", "tree", "release", "profile", "seen"))
"""Fields of a kernel that the next series does not take over."""


class Preset(NamedTuple):
    """One preset: what it is about, and the settings it and its parents make."""

    name: str
    kind: str
    about: dict[str, Any]
    overlay: Overlay
    variants: tuple[Variant, ...] = ()
    """What it sets for some releases only, in the order of the file."""


@cache
def root() -> Path:
    """Return the folder of the shipped presets."""
    from ptelist.scenario import installed  # noqa: PLC0415 -- slow to load, not needed where presets are Python

    return installed.folder("preset_data", in_a_checkout=installed.PACKAGE.parent / "presets")


def path_of(file: str, kind: str) -> Path:
    """Return where a file is that `find` has found."""
    from pathlib import Path  # noqa: PLC0415 -- slow to load, for files that are read only

    return Path(file) if kind == FILE else root() / file


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return the shipped presets of a kind, kernels by version."""
    files = built() or [f"{kind}/{path.name}" for path in (root() / kind).iterdir()]
    found = sorted(_stem(file) for file in files if file.startswith(f"{kind}/") and file.endswith(SUFFIX))
    return tuple(sorted(found, key=version_key)) if kind == "kernels" else tuple(found)


def find(name: str, kind: str | None = None) -> tuple[str, str]:
    """Return the file and the kind ("file" for a user's own) that a name means; a shipped one by its kind and name.

    A name with a slash or ending in .toml is a path. Raises PtelistError with
    the nearest names for an unknown one.
    """
    if "/" in name or name.endswith(SUFFIX) or name == "-":
        return name.removeprefix("./"), FILE
    kinds = KINDS if kind is None else (kind,)
    for folder in kinds:
        if name in names(folder):
            return f"{folder}/{name}{SUFFIX}", folder
    if "kernels" in kinds and (match := re.fullmatch(SERIES, name)):
        series = f"{match[1]}.{match[2]}"
        if series != name and series in names("kernels"):
            return find(series, "kernels")
        raise PtelistError(no_kernel(series))
    what = f"{kind.rstrip('s')} preset" if kind else "preset"
    known = [each for folder in kinds for each in names(folder)]
    raise PtelistError(f'no {what} "{name}"{suggestion(name, known)}')


def _stem(file: str) -> str:
    """Return the name of a file without its folder and its ending."""
    name = _name(file)
    return name.rpartition(".")[0] or name


def _name(file: str) -> str:
    return file.rpartition("/")[2]


def profile_of(release: str) -> str:
    """Return the shortest name of the profile that holds for a release: its series, or its stable release.

    Raises PtelistError if there is none.
    """
    if not is_release(release):
        raise PtelistError(f'expected a release such as 6.1.0-56-amd64, got "{release[:40]}"')
    series, stable = _stem(find(release, "kernels")[0]), stable_key(release)
    return ".".join(map(str, stable)) if stable and load(series, "kernels").variants else series


def no_kernel(series: str) -> str:
    """Return what is wrong with a series without a profile."""
    key = version_key(series)
    known = names("kernels")
    older = [name for name in known if version_key(name) < key]
    newer = [name for name in known if version_key(name) > key]
    nearest = [*older[-1:], *newer[:1]]
    verb = "are" if len(nearest) > 1 else "is"
    return f"no profile for kernel {series}; the nearest {verb} {' and '.join(nearest)}"


@cache
def load(name: str, kind: str | None = None) -> Preset:
    """Return a preset with all that it extends laid under it.

    Raises PtelistError with file and line for anything that cannot be read.
    """
    file, found = find(name, kind)
    preset = _load(file, found, (), name)
    return _called(name, preset) if found == "kernels" else preset


def _called(name: str, preset: Preset) -> Preset:
    """Return a kernel's profile with the release that it stands for, if its name says more than the profile has."""
    if name.removeprefix("v") == preset.name or (preset.variants and stable_key(name)):
        return preset
    release = Setting(name, Origin(f"kernels/{preset.name}.toml"), "release", "the name it was asked for by")
    return preset._replace(overlay=preset.overlay._replace(kernel=preset.overlay.kernel | {"release": release}))


def _load(file: str, kind: str, children: tuple[str, ...], name: str) -> Preset:
    if file in children or len(children) > MOST_PARENTS:
        raise PtelistError(f"{file}: extends itself, through {' and '.join(map(_name, children))}")
    origin, (about, overlay, variants) = _parsed(file, kind)
    overlay = overlay.over(Overlay())._replace(kernel=_at(name, overlay.kernel, variants))
    if (layout := about.get("memslots")) is not None:
        overlay = overlay.over(_layout(layout, origin))
    parent = about.get("extends")
    if parent is not None:
        try:
            above, parent_kind = find(parent, None if kind == FILE else kind)
        except PtelistError as error:
            raise PtelistError(f"{origin.at('extends')}: extends: {error}") from None
        if parent_kind == FILE and "/" in file and not above.startswith("/"):
            above = f"{file.rpartition('/')[0]}/{above}"
        if kind == "kernels":
            below = _load(above, parent_kind, (*children, file), FIRST)
            own = {field: each for field, each in below.overlay.kernel.items() if field not in OF_A_SERIES}
            overlay = overlay.over(below.overlay._replace(kernel=own))
        else:
            below = _load(above, parent_kind, (*children, file), parent)
            overlay, variants = overlay.over(below.overlay), variants or below.variants
    return Preset(_stem(file), kind, about, overlay, variants)


@cache
def _parsed(file: str, kind: str) -> tuple[Origin, Parsed]:
    """Return what a file says; versions of kernels have most of theirs in common."""
    known = None if kind == FILE else built().get(file)
    if known is not None:
        data, lines = known
        origin = Origin(file, lines=lines)
        return origin, parse(data, origin)
    path = path_of(file, kind)  # of a shipped one, perhaps in an archive
    text = read_text(path, file) if kind == FILE else path.read_text(encoding="utf-8")
    origin = Origin(file, text, is_users=kind == FILE)
    return origin, parse(toml(text, file), origin)


@cache
def built() -> dict[str, tuple[dict[str, Any], dict[str, int]]]:
    """Return what shipped presets say, if that was written out as Python when the package was built: see as_python."""
    try:
        files: dict[str, tuple[dict[str, Any], dict[str, int]]] = import_module("ptelist.scenario.presets.built").FILES
    except ModuleNotFoundError:
        return {}
    return files


def _layout(name: str, origin: Origin) -> Overlay:
    """Return the layout of memslots that a preset names; what the preset itself sets, and --memslots, lie over it."""
    try:
        return load(name, "memslots").overlay
    except PtelistError as error:
        raise PtelistError(f"{origin.at('memslots')}: memslots: {error}") from None


def _at(name: str, fields: Fields, variants: tuple[Variant, ...]) -> Fields:
    """Return what a kernel preset sets for the release that its name says, else for its own `stable` one."""
    tables = [variant for variant in variants if variant.table == "stable"]
    if not tables or name == FIRST:
        return fields
    said = stable_key(name)
    release = said or stable_key(fields["stable"].value) or (0, 0, 0)
    for table in tables:
        if (stable_key(table.release) or release) <= release:
            fields = fields | table.fields
    if said:
        stable = fields["stable"]._replace(value=".".join(map(str, said)), source="its release")
        fields = fields | {"stable": stable}
    return fields
