"""Presets: named TOML overlays, shipped with the package or the user's own."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.axes import KINDS, frozen
from ptelist.errors import PtelistError, suggestion
from ptelist.overlay import Fields, Origin, Overlay, Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

ABOUT = frozenset(("title", "extends", "memslots", "source", "note", "status", "message_id", "date", "author", "since"))
TABLES = frozenset(("kernel", "config", "host", "vm"))
BY_RELEASE = {"stable": "from", "series": "kernel"}
"""Tables that hold for some releases only, and the key that says for which."""

MOST_BYTES = 1 << 20
MOST_PARENTS = 64
RUNNING = "running"
"""The name of this machine, as a kernel, a host, or both."""

SAVED = "ptelist observation"
"""How a file begins that holds another machine."""

_SERIES = r"v?([0-9]{1,4})\.([0-9]{1,4})(?:[.\-][A-Za-z0-9.\-~]*)?(?:\+[A-Za-z].*)?"


class Preset(NamedTuple):
    """One preset: what it is about, and the settings it and its parents make."""

    name: str
    kind: str
    about: dict[str, Any]
    overlay: Overlay
    variants: tuple[Variant, ...] = ()
    """What it sets for some releases only, in the order of the file."""


class Variant(NamedTuple):
    """A [[stable]] table of a kernel, or a [[series]] table of a config."""

    table: str
    release: str
    """The stable release from which on it holds, or the series that it holds for."""
    fields: Fields
    source: str
    origin: Origin


@cache
def root() -> Path:
    """Return the folder of the shipped presets, installed or in a checkout."""
    package = Path(__file__).parent
    installed = package / "preset_data"
    return installed if installed.is_dir() else package.parent / "presets"


def version_key(name: str) -> tuple[int, int]:
    """Return a kernel version's sort key."""
    match = re.fullmatch(_SERIES, name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def stable_key(name: str) -> tuple[int, int, int] | None:
    """Return the sort key of a stable release, None for a name that does not say which one it is.

    6.12.118+deb13-amd64 is 6.12.118 and v6.12.0 the first of its series; a distribution's 6.8.0-45-generic
    has patches of some later one, and 6.12 may be any.
    """
    match = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4})(.*)|-rc[0-9]+.*)", name)
    if match is None or (match[3] and int(match[3]) == 0 and match[4]):
        return None
    return int(match[1]), int(match[2]), int(match[3] or 0)


@cache
def names(kind: str) -> tuple[str, ...]:
    """Return the shipped presets of a kind, kernels by version."""
    found = sorted(path.stem for path in (root() / kind).glob("*.toml"))
    return tuple(sorted(found, key=version_key)) if kind == "kernels" else tuple(found)


def find(name: str, kind: str | None = None) -> tuple[Path, str]:
    """Return the file and the kind ("file" for a user's own) that a name means.

    A name with a slash or ending in .toml is a path. Raises PtelistError with
    the nearest names for an unknown one.
    """
    if "/" in name or name.endswith(".toml") or name == "-":
        return Path(name), "file"
    kinds = KINDS if kind is None else (kind,)
    for folder in kinds:
        if (path := root() / folder / f"{name}.toml").is_file():
            return path, folder
    if "kernels" in kinds and (match := re.fullmatch(_SERIES, name)):
        series = f"{match[1]}.{match[2]}"
        if series != name and series in names("kernels"):
            return find(series, "kernels")
        raise PtelistError(_no_kernel(series))
    what = f"{kind.rstrip('s')} preset" if kind else "preset"
    known = [each for folder in kinds for each in names(folder)]
    raise PtelistError(f'no {what} "{name}"{suggestion(name, known)}')


def profile_of(release: str) -> str:
    """Return the shortest name of the profile that holds for a release: its series, or its stable release.

    Raises PtelistError if there is none.
    """
    series, stable = find(release, "kernels")[0].stem, stable_key(release)
    return ".".join(map(str, stable)) if stable and load(series, "kernels").variants else series


def _no_kernel(series: str) -> str:
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
    if name == RUNNING:
        return _machine(None, RUNNING, kind)
    path, found = find(name, kind)
    if found == "file" and kind == "configs":
        from ptelist.sources import kconfig  # noqa: PLC0415 -- for files of a build only

        if (config := kconfig.read(path, name)) is not None:
            return Preset(path.name, found, {"title": f"the configuration {name}"}, Overlay(config=config))
    if found == "file" and (text := read_text(path, name)).startswith(SAVED):
        return _machine(text, name, kind)
    return _load(path, found, (), name)


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
    from ptelist.sources import machine, snapshot  # noqa: PLC0415 -- for machines only

    if kind not in machine.PARTS:
        raise PtelistError(f"{label}: is a machine, which can be a kernel or a host, expected a {kind} preset")
    found = snapshot.here() if text is None else snapshot.parse(text, label)
    return Preset(label, kind or "file", {"title": f"the machine {label}"}, machine.PARTS[kind](found, label))


def _load(path: Path, kind: str, children: tuple[Path, ...], name: str) -> Preset:
    label = str(path) if kind == "file" else f"{kind}/{path.name}"
    if path in children or len(children) > MOST_PARENTS:
        raise PtelistError(f"{label}: extends itself, through {' and '.join(p.name for p in children)}")
    text = read_text(path, label)
    about, overlay, variants = parse(text, label)
    overlay = overlay.over(Overlay())._replace(kernel=_at(name, overlay.kernel, variants))
    if (layout := about.get("memslots")) is not None:
        overlay = overlay.over(_layout(layout, Origin(label, text)))
    parent = about.get("extends")
    if parent is not None:
        try:
            above, parent_kind = find(parent, None if kind == "file" else kind)
        except PtelistError as error:
            raise PtelistError(f"{Origin(label, text).at('extends')}: extends: {error}") from None
        if parent_kind == "file" and not above.is_absolute():
            above = path.parent / above
        below = _load(above, parent_kind, (*children, path), parent)
        overlay, variants = overlay.over(below.overlay), variants or (below.variants if kind == "file" else ())
    return Preset(path.stem, kind, about, overlay, variants)


def _layout(name: str, origin: Origin) -> Overlay:
    """Return the layout of memslots that a preset names; what the preset itself sets, and --memslots, lie over it."""
    try:
        return load(name, "memslots").overlay
    except PtelistError as error:
        raise PtelistError(f"{origin.at('memslots')}: memslots: {error}") from None


def _at(name: str, fields: Fields, variants: tuple[Variant, ...]) -> Fields:
    """Return what a kernel preset sets for the release that its name says, else for its own `stable` one."""
    tables = [variant for variant in variants if variant.table == "stable"]
    if not tables:
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


def read_text(path: Path, label: str) -> str:
    """Return the text of a file (- is stdin) of at most 1 MiB; every failure is one line."""
    try:
        if label == "-":
            data = _stdin()
        else:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except IsADirectoryError:
        raise PtelistError(f"{label}: is a directory, expected a TOML file") from None
    except OSError as error:
        raise PtelistError(f"{label}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise PtelistError(f"{label!r}: is not a file name") from None
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{label}: larger than 1 MiB, expected a TOML file")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PtelistError(f"{label}:{line}: not UTF-8 text, expected a TOML file") from None


@cache
def _stdin() -> bytes:
    """Return what stdin has; it is read once, whoever asks."""
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def parse(text: str, label: str) -> tuple[dict[str, Any], Overlay, tuple[Variant, ...]]:
    """Return what a preset says of itself, what it sets, and what for some releases only."""
    data = toml(text, label)
    origin = Origin(label, text)
    known = ABOUT | TABLES | BY_RELEASE.keys()
    for key in data.keys() - known:
        raise PtelistError(f"{origin.at(key)}: unknown key {key}{suggestion(key, known)}")
    about = {key: value for key, value in data.items() if key in ABOUT}
    for key, value in about.items():
        if not isinstance(value, str):
            raise PtelistError(f"{origin.at(key)}: {key}: expected text")
    source = about.get("source", "")
    kernel, config, host = (_fields(data.get(part, {}), part, origin, source) for part in ("kernel", "config", "host"))
    variants = tuple(variant for table in BY_RELEASE for variant in _variants(data.get(table, []), table, origin))
    if any(variant.table == "stable" for variant in variants) and "stable" not in kernel:
        raise PtelistError(f"{origin.at('kernel')}: kernel.stable: is missing: the release that the series stands for")
    vm = data.get("vm", {})
    if isinstance(vm, list):
        groups = tuple(_fields(group, f"vm.{number}", origin, source) for number, group in enumerate(vm))
        return about, Overlay(kernel, host, {}, groups, config=config), variants
    return about, Overlay(kernel, host, _fields(vm, "vm", origin, source), config=config), variants


def _variants(tables: object, table: str, origin: Origin) -> Iterator[Variant]:
    """Yield the tables that hold for some releases; raises PtelistError for one that does not say for which."""
    if not isinstance(tables, list):
        raise PtelistError(f"{origin.at(table)}: {table}: expected tables, as [[{table}]]")
    key = BY_RELEASE[table]
    for number, said in enumerate(tables):
        path = f"{table}.{number}"
        if not isinstance(said, dict) or not isinstance(said.get(key), str):
            raise PtelistError(f"{origin.at(path)}: {path}.{key}: expected a release, as text")
        release, source = said[key], said.get("source", "")
        valid = stable_key(release) if table == "stable" else re.fullmatch(r"[0-9]{1,4}\.[0-9]{1,4}", release)
        if not valid:
            example = "6.12.118" if table == "stable" else "6.12"
            raise PtelistError(
                f'{origin.at(f"{path}.{key}")}: {path}.{key}: expected one such as {example}, got "{release[:40]}"'
            )
        if not isinstance(source, str):
            raise PtelistError(f"{origin.at(f'{path}.source')}: {path}.source: expected text")
        fields = {name: value for name, value in said.items() if name not in {key, "source"}}
        yield Variant(table, release, _fields(fields, path, origin, source), source, origin)


def toml(text: str, label: str) -> dict[str, Any]:
    """Return what TOML says; raises PtelistError with the line where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).partition(" (at ")
        match = re.match(r"line (\d+)", place)
        where = f"{label}:{match[1]}" if match else label
        raise PtelistError(f"{where}: not valid TOML: {reason[:1].lower()}{reason[1:]}") from None
    except ValueError:
        raise PtelistError(f"{label}: not valid TOML: a number is too long") from None
    except RecursionError:
        raise PtelistError(f"{label}: not valid TOML: nested too deeply") from None


def _fields(table: object, part: str, origin: Origin, source: str) -> dict[str, Setting]:
    if not isinstance(table, dict):
        raise PtelistError(f"{origin.at(part)}: {part}: expected a table, as [{part}]")
    fields = {}
    for name, value in table.items():
        path = f"{part}.{name}"
        if not isinstance(value, dict):
            fields[name] = Setting(frozen(value), origin, path, source)
            continue
        for key in value.keys() - {"value", "source", "unverified"}:
            raise PtelistError(f"{origin.at(path)}: {path}: unknown key {key}; known: value, source, unverified")
        if "value" not in value:
            raise PtelistError(f"{origin.at(path)}: {path}: a table here needs a value")
        said, open_ = value.get("source", source), value.get("unverified", False)
        if not isinstance(said, str) or not isinstance(open_, bool):
            raise PtelistError(f"{origin.at(path)}: {path}: source is text, unverified is true or false")
        fields[name] = Setting(frozen(value["value"]), origin, path, said, open_)
    return fields
