"""Kinds of values that name presets, or files in their place."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.kinds import KINDS
from ptelist.settings.kinds import Choice, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MACHINES = frozenset(("kernels", "hosts"))
"""Folders of which this machine can stand for a preset."""


PARTS = {
    "kernels": "kernel",
    "configs": "kernel",
    "proposals": "kernel",
    "hosts": "host",
    "vms": "vm",
    "memslots": "vm",
}
"""The part of a scenario that presets in each folder say most of."""


class Presets(Kind):
    """Presets by their names, A+B for several at once, or files of the user's."""

    metavar = "NAME,.."
    by_preset = True

    def __init__(self, *folders: str) -> None:
        """Take the folders that the presets are in."""
        self._folders = folders
        self.part = PARTS[folders[0]] if folders else "kernel"

    def parse(self, text: str) -> Iterator[Choice]:
        """Yield the presets that a list names."""
        yield from self.named([item.strip() for item in text.split(",")])

    def named(self, names: Sequence[str]) -> list[Choice]:
        """Return presets by name or path; files are called by their stem, if that tells them apart."""
        labels = self.labels(names)
        times = Counter(labels)
        return [Choice(label if times[label] == 1 else name, name) for label, name in zip(labels, names, strict=True)]

    def labels(self, names: Sequence[str]) -> list[str]:
        """Return how presets are called in names: a file by its stem."""
        return ["+".join(map(_stem, name.split("+"))) for name in names]

    def typed(self, choice: Choice) -> str:
        """Return the name or the path."""
        return str(choice.value)

    def words(self) -> Sequence[str]:
        """Return the names of the shipped presets, and that of this machine where it can be one."""
        from ptelist.settings.named import RUNNING  # noqa: PLC0415 -- reads presets, not for --help

        names = [name for folder in self._folders for name in shipped.names(folder)]
        return [*names, RUNNING] if MACHINES.intersection(self._folders) else names

    def paths(self, path: str) -> tuple[str, ...]:
        """Return no field: what a preset sets, it says itself."""
        del path
        return ()

    def vary(self, value: str, page: int) -> list[str]:
        """Return all other names."""
        del page
        return [name for name in self.words() if name != value]


class Kernels(Presets):
    """Presets of kernels, which follow each other; RELEASE=PRESET says what stands for a release."""

    def labels(self, names: Sequence[str]) -> list[str]:
        """Return how kernels are called in names: by their release, whatever stands for it."""
        return super().labels([name.partition("=")[0] if "/" not in name.partition("=")[0] else name for name in names])

    in_order = True

    def vary(self, value: str, page: int) -> list[str]:
        """Return the version before, and the one after."""
        del page
        versions = shipped.names(*self._folders)
        if value not in versions:
            return []
        place = versions.index(value)
        return [*versions[max(place - 1, 0) : place], *versions[place + 1 : place + 2]]


class AnyPresets(Presets):
    """Presets of any folder, which are arguments and no option."""

    prefix = ""

    def __init__(self) -> None:
        """Take all folders."""
        super().__init__(*KINDS)


class Builds(Presets):
    """Files of a kernel's build."""

    metavar = "FILE,.."

    def labels(self, names: Sequence[str]) -> list[str]:
        """Return the names of files, after the first folder that is not the same for all of them."""
        files = [name.rpartition("/")[2] for name in names]
        if len(set(files)) == len(files):
            return files
        paths = [name.split("/") for name in names]
        same = next((at for at, folders in enumerate(zip(*paths, strict=False)) if len(set(folders)) > 1), 0)
        return [f"{path[same]}/../{file}" for path, file in zip(paths, files, strict=True)]


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".toml") or name
