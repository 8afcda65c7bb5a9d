"""The builds before and after each patch of a series: made in a copy of a tree, or given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.output.files import bar
from ptelist.output.note import Note
from ptelist.patch import mbox
from ptelist.patch.build import OBJECT, Build, refuse_without_programs
from ptelist.patch.series import Patch, Series
from ptelist.patch.states import BEFORE, Built
from ptelist.patch.tree import SHORT, Tree
from ptelist.readers.builds import profile as profiles
from ptelist.readers.builds.builds import once
from ptelist.readers.host import kconfig
from ptelist.scenario.presets.text_file import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = ".config"


class Made(NamedTuple):
    """A series with its builds: one before it, and one with each patch."""

    patches: tuple[Patch, ...]
    builds: tuple[Built, ...]
    profile: str
    """The kernel that types are laid over."""
    config: str
    """The configuration's file, "" if it is not known."""
    notes: tuple[Note, ...]


def given(before: str, after: str, series: str | None, kernel: str | None) -> Made:
    """Return two builds that there are already; a mbox only names what is between them."""
    patches = mbox.read(series).patches if series else ()
    builds = [once(file) for file in (before, after)]
    titles = [patch.title for patch in patches] or [" -> ".join(build.name for build in builds)]
    more = f" (and {len(titles) - 1} more)" if len(titles) > 1 else ""
    messages = frozenset(each for patch in patches for each in patch.messages)
    label = "the series" if more else "the patch"
    whole = Patch(label, f"{titles[0]}{more}", messages)
    said = [
        Note(name, f"{each.name} ({each.release})" if each.release else each.name)
        for name, each in zip((BEFORE, "after"), builds, strict=True)
    ]
    if builds[0].release != builds[1].release:
        said.append(Note("builds", "they are of different releases: not all that differs need be the patch"))
    return Made((whole,), (Built(before), Built(after)), profiles.base(builds[0], kernel), "", tuple(said))


def of_tree(tree: Tree, series: str, base: str | None, options: dict[str, str], scratch: Path) -> Made:
    """Return what the tree is before a series and with each patch of it, built in a folder of ours.

    Raises PtelistError if the series is none, does not apply, or cannot be built here.
    """
    is_file = series == "-" or Path(series).exists()
    found = mbox.read(series) if is_file else tree.series(series)
    if base and not is_file:
        raise PtelistError(f"--base: {series} says itself which commit is before it")
    config = _config(tree, options.get("config"))
    refuse_without_programs()
    commit = _base(tree, found, base) if is_file else found.base
    copy = tree.copy(scratch / "tree", commit, found.patches if is_file else ())
    build = Build(copy.path, kconfig.unpacked(read_bytes(config, config), config), config)
    builds = []
    with bar(len(found.patches) + 1, "building", 1) as progress:
        for number, patch in enumerate((None, *found.patches)):
            if patch:
                copy.apply(patch)
            file = scratch / f"{number}.btf"
            try:
                build.types(file)
            except PtelistError as error:
                raise PtelistError(f"{patch.label if patch else tree.name} cannot be built: {error}") from None
            builds.append(Built(str(file), build.options))
            progress(len(builds))
    first = once(builds[0].spec)._replace(label=f"--tree {tree.name}", release=build.release())
    profile = profiles.base(first, options.get("kernel"))
    notes = [*_notes(tree, commit, config, build.release()), *_other_base(tree, found, commit)]
    return Made(found.patches, tuple(builds), profile, config, tuple(notes))


def _base(tree: Tree, series: Series, base: str | None) -> str:
    """Return the commit that mails are applied to, "" for plain source."""
    if base:
        return tree.known(base, "--base")
    if not tree.has_git:
        return ""
    return (series.base and tree.commit(series.base)) or tree.known("HEAD", "--tree")


def _config(tree: Tree, said: str | None) -> str:
    """Return the file of the configuration to build with: one that was named, else that of the tree."""
    if said and Path(said).is_file() and kconfig.is_config(kconfig.unpacked(read_bytes(said, said), said)):
        return said
    file = tree.path / CONFIG
    if not file.is_file():
        hint = "--config FILE names one, such as that of the kernel in /boot"
        raise PtelistError(f"{tree.name} has no {CONFIG}: {hint}", Where(option="--tree"))
    return str(Path(tree.name, CONFIG))


def _notes(tree: Tree, commit: str, config: str, release: str) -> Iterator[Note]:
    at = f" at {commit[:SHORT]}" if commit else ""
    yield Note("built", f"{OBJECT} of {tree.name}{at}, {release}, with {config}, before and with each patch")
    if tree.is_changed():
        yield Note("tree", f"{tree.name} has changes that are not committed: they are left out")


def _other_base(tree: Tree, series: Series, commit: str) -> Iterator[Note]:
    """Yield which commit mails are made for, if it is another one than they were applied to."""
    if series.base and not commit.startswith(series.base):
        yield Note(
            "base", f"the series is made for {series.base[:SHORT]}, but was applied to {commit[:SHORT] or tree.name}"
        )
