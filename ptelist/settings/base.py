"""What presets say at a point of a space, before any option that sets a single field."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.scenario.overlay import Overlay
from ptelist.scenario.presets import releases, versions
from ptelist.settings import named
from ptelist.settings.defaults import CONFIG, PRESETS

if TYPE_CHECKING:
    from ptelist.scenario.overlay import Fields
    from ptelist.scenario.presets.shipped import Preset
    from ptelist.settings.kinds import Chosen

PROPOSAL = Where(option="--proposal")


class Base(NamedTuple):
    """What presets make together, and the paths of the fields that proposals among them set."""

    overlay: Overlay
    patched: frozenset[str]


def base_of(chosen: Chosen) -> Base:
    """Return what the presets at a point say; raises PtelistError for some that do not go together.

    Each lies over those before it: the default presets, --kernel, --host, --kernel-from,
    --vm, PRESET, --memslots, --proposal. The kernel's configuration is that of --config,
    else the one that these name, else that of the kernel's release.
    """
    base = Overlay()
    for part, name in PRESETS.items():
        base = named.load(name, f"{part.removesuffix('s')}s").overlay.over(base)
    for part in ("kernel", "host"):
        if part in chosen:
            base = named.load(chosen[part].value, f"{part}s").overlay.over(base)
    if "kernel-from" in chosen:
        base = _build(chosen).over(base)
    if "vm" in chosen:
        base = _groups(chosen["vm"].value, base)
    if "preset" in chosen:
        base = _preset(chosen).over(base)
    if "memslots" in chosen:
        base = named.load(chosen["memslots"].value, "memslots").overlay.over(base)
    base = base._replace(config=_config(chosen, base))
    if "proposal" not in chosen:
        return Base(base, frozenset())
    patches = _proposals(chosen["proposal"].value, base.kernel["version"].value)
    return Base(patches.over(base), frozenset(f"kernel.{field}" for field in patches.kernel))


def _config(chosen: Chosen, base: Overlay) -> Fields:
    """Return the configuration of the kernel, with what a build or a preset says of single fields."""
    has_name = "name" in base.config
    name = chosen["config"].value if "config" in chosen else None
    if name is None and "preset" in chosen and _is_config(named.load(chosen["preset"].value)):
        name = chosen["preset"].value
    if name is None and has_name:
        return base.config
    name = name or _own_config(chosen, base.kernel)
    try:
        config = named.config(name, base.kernel["version"].value).config
    except PtelistError as error:
        if "config" not in chosen:
            raise
        raise PtelistError(str(error), Where(option="--config")) from None
    return config if has_name else config | base.config


def _is_config(preset: Preset) -> bool:
    """Return whether a preset is a configuration, which may be another one for another kernel."""
    return preset.kind == "configs" or any(variant.table == "series" for variant in preset.variants)


def _own_config(chosen: Chosen, kernel: Fields) -> str:
    """Return the preset for a release of Debian's that there is one for, else upstream's."""
    said = [kernel["release"].value] if "release" in kernel else []
    said += [chosen[name].value for name in ("kernel", "preset") if name in chosen]
    release = releases.read(said[0]) if said and versions.is_release(said[0]) else None
    if release and release.distribution == releases.DEBIAN:
        preset = named.load(f"debian-{release.mark}", "configs")
        if any(variant.release == kernel["version"].value for variant in preset.variants):
            return preset.name
    return CONFIG


def _build(chosen: Chosen) -> Overlay:
    """Return the profile of --kernel-from, over that of --kernel or of its own release."""
    from ptelist.readers.builds import profile  # noqa: PLC0415 -- reads BTF, for builds only

    kernel = chosen["kernel"].value if "kernel" in chosen else None
    return profile.overlay(chosen["kernel-from"].value, kernel)


def _preset(chosen: Chosen) -> Overlay:
    """Return PRESET, which may change parts named by options but not be one of them."""
    overlay = named.load(chosen["preset"].value).overlay
    is_vm = "name" in overlay.vm or bool(overlay.vms)
    is_layout = "memslots" in overlay.vm and not is_vm
    is_kernel = "version" in overlay.kernel
    is_config = "name" in overlay.config and not is_kernel
    whole = (
        ("kernel", is_kernel),
        ("kernel-from", is_kernel),
        ("config", is_config),
        ("host", "name" in overlay.host),
        ("vm", is_vm),
        ("memslots", is_layout),
    )
    for part, is_part in whole:
        if is_part and part in chosen:
            what = part if part == "memslots" else f"a {part}"
            raise PtelistError(f"{chosen['preset'].label} names {what} as well", Where(option=f"--{part}"))
    return overlay


def _groups(label: str, base: Overlay) -> Overlay:
    """Return base with the VM groups of "tdp" or "tdp+nested"."""
    if "+" not in label:
        return named.load(label, "vms").overlay.over(base)
    overlays = [named.load(name, "vms").overlay.over(base) for name in label.split("+")]
    return overlays[-1]._replace(vms=tuple(group for overlay in overlays for group in overlay.groups()))


def _proposals(label: str, version: str) -> Overlay:
    """Return patches applied together; two that set one field, or one for later kernels, cannot be."""
    overlay = Overlay()
    for name in label.split("+"):
        patch = named.load(name, "proposals")
        since = patch.about.get("since", "0.0")
        if versions.version_key(version) < versions.version_key(since):
            text = f"{name} changes what kernel {version} does not have; it needs {since} or later"
            raise PtelistError(text, PROPOSAL)
        for field in patch.overlay.kernel.keys() & overlay.kernel.keys():
            raise PtelistError(f"{label}: more than one of them sets kernel.{field}", PROPOSAL)
        about = ", ".join(patch.about[key] for key in ("status", "message_id") if key in patch.about)
        overlay = patch.overlay.over(overlay)
        overlay = overlay._replace(proposals=(*overlay.proposals, (name, about or "not described")))
    return overlay
