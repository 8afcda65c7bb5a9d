"""ptelist observe: what it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptelist.compare.single import single
from ptelist.errors import PtelistError
from ptelist.observe import data, page
from ptelist.observe.observation import observe
from ptelist.observe.sentence import headline
from ptelist.output.command_line import command_line
from ptelist.output.plain import clean
from ptelist.output.result import Result
from ptelist.readers.host import paths
from ptelist.readers.host.files import Live
from ptelist.readers.host.snapshot import Snapshot, here, parse, take
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.axes import AXES
from ptelist.settings.named import RUNNING

if TYPE_CHECKING:
    from ptelist.output.command_line import Options

DIFFERING = 1


def run(  # noqa: PLR0913, PLR0917 -- all that can be said of a host
    options: Options,
    saved: str | None,
    slabinfo: str | None,
    sysfs: str | None,
    save: str | None,
    all_caches: bool,
    rmaps_stat: bool,
) -> Result:
    """Hold a host, or a copy of what it shows, against what the model says of it."""
    if saved and (slabinfo or sysfs or rmaps_stat):
        raise click.UsageError("--slabinfo, --sysfs and --rmaps-stat read this host or copies, not SAVED")
    snapshot = _read(saved, slabinfo, sysfs, rmaps_stat)
    flags = [name for name, on in (("all-caches", all_caches), ("rmaps-stat", rmaps_stat)) if on]
    words = [*([saved] if saved else []), *(f"--{flag}" for flag in flags)]
    copies = [(name, path) for name, path in (("slabinfo", slabinfo), ("sysfs", sysfs)) if path]
    counts, told = any(map(_says_vms, options)), any(name == "filling" for name, _ in options)
    line = command_line("observe", words, [*copies, *options])
    comparison = single((), _machine(saved, options, counts=counts), line)
    observation = observe(snapshot, saved or RUNNING, comparison, counts=counts, every=all_caches, told=told)
    return Result(
        line,
        comparison.assumptions,
        lambda width: page.document(observation, width),
        lambda: data.body(observation),
        lambda: data.rows(observation),
        code=DIFFERING if observation.differing else 0,
        headline=lambda: headline(observation),
        beside=((_plain(snapshot.render()), save),) if save else (),
    )


def _plain(text: str) -> str:
    """Return what was read as text that does nothing but stand there: it is for a mail, and to be looked at."""
    return "\n".join("\t".join(map(clean, line.split("\t"))) for line in text.split("\n"))


def _read(saved: str | None, slabinfo: str | None, sysfs: str | None, rmaps_stat: bool) -> Snapshot:
    """Return a saved snapshot, one of copies, or this host's."""
    if saved:
        return parse(read_text(Path(saved), saved, "what --save wrote"), saved)
    if not (slabinfo or sysfs):
        return take(Live(), rmaps_stat=True) if rmaps_stat else here()
    copies = take(Live(Path(sysfs), paths.SLABS)) if sysfs else Snapshot({}, {}, {}, {})
    if sysfs and not copies.slabs:
        raise PtelistError(f"{sysfs}: no slab caches there, expected a copy of {paths.SLABS}")
    if slabinfo:
        copies.files[paths.SLABINFO] = read_text(Path(slabinfo), slabinfo, "a copy of /proc/slabinfo")
    return copies


def _machine(saved: str | None, options: list[tuple[str, str]], *, counts: bool) -> list[tuple[str, str]]:
    """Return the options, where they do not say otherwise on the observed machine, with caches drawn from.

    Without counts no paging matters, so a machine on which KVM is not loaded will do.
    """
    machine = saved or RUNNING
    given = {text.partition("=")[0].removeprefix("vm.") if name == "set" else name for name, text in options}
    usual = [("kernel", machine), ("host", machine), ("caches", "drawn")]
    if not counts:
        usual.append(("paging", "tdp-mmu"))
    return [*((name, text) for name, text in usual if name not in given), *options]


def _says_vms(option: tuple[str, str]) -> bool:
    """Return whether an option says which VMs there are, so that counts can be predicted."""
    name, text = option
    return name == "vm" or (text if name == "set" else AXES[name].path).startswith("vm.")
