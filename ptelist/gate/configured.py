"""How a build under test was configured: what --config says, else the .config in the folder that it was built in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.errors import PtelistError
from ptelist.output.note import Note
from ptelist.settings import named
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from ptelist.output.command_line import Options

CONFIG, KERNEL_FROM = "config", "kernel-from"
FILE = ".config"
AFTER, BEFORE = "build", "before"
"""What a build is called in a report: the one under test, and the one that it is held against."""


class Configured(NamedTuple):
    """A build, and the configuration that its figures are counted with."""

    role: str
    build: str
    config: str
    """A file, or the name of a preset."""
    how: str
    """`option`, `folder` of the build, or `assumed`."""

    def note(self) -> Note:
        """Return which configuration was read, or that none was."""
        said = {
            "option": f"configured as {self.config} (--config)",
            "folder": f"configured as {self.config} in its folder",
            "assumed": f"no {FILE} lies in its folder: the configuration is assumed to be {self.config}'s",
        }
        return Note(self.role, f"{self.build}, {said[self.how]}")

    def json(self) -> dict[str, Any]:
        """Return the same for programs."""
        return {"role": self.role, "build": self.build, "config": self.config, "from": self.how}


def complete(kernel: Options) -> Options:
    """Return the options of a kernel with those that its configuration makes: the one that lies beside its build.

    A kernel without a memory controller accounts nothing, whatever the host's preset says.
    """
    said = dict(kernel)
    if CONFIG not in said and KERNEL_FROM in said:
        from ptelist.gate import of_build  # noqa: PLC0415 -- reads BTF, for builds only

        found = of_build.configuration(said[KERNEL_FROM], FILE)
        kernel = [*kernel, (CONFIG, found)] if found else kernel
    config = dict(kernel).get(CONFIG)
    return [*kernel, ("memcg", "off")] if config and _lacks_memcg(config) else kernel


def told(role: str, kernel: Options) -> Configured | None:
    """Return how a build was configured; None for a profile, of which assumptions tell it."""
    said, whole = dict(kernel), dict(complete(kernel))
    if KERNEL_FROM not in said:
        return None
    how = "option" if CONFIG in said else "folder" if CONFIG in whole else "assumed"
    config = whole.get(CONFIG) or expand((), kernel).columns[0].scenario.config.name
    return Configured(role, said[KERNEL_FROM], config, how)


def _lacks_memcg(config: str) -> bool:
    """Return whether a configuration has no memory controller; what cannot be read is refused where it is used."""
    try:
        said = named.load(config, "configs").overlay.config.get("memcg")
    except PtelistError:
        return False
    return said is not None and said.value is False
