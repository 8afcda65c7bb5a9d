"""ptelist observe: what it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptelist.compare.single import single
from ptelist.errors import PtelistError
from ptelist.observe import data, page, pasted
from ptelist.observe.observation import observe
from ptelist.observe.sentence import headline
from ptelist.output.command_line import command_line
from ptelist.output.plain import clean
from ptelist.output.result import Result
from ptelist.readers.host import paths
from ptelist.readers.host.files import Live
from ptelist.readers.host.snapshot import FIRST, Snapshot, here, parse, take
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.axes import AXES
from ptelist.settings.named import RUNNING

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.output.note import Note

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
    machine = _machine(saved, options, counts=counts)
    label = saved or RUNNING
    cpus: tuple[Note, ...] = ()
    if slabinfo and not sysfs:
        label, given = slabinfo, _given(options)
        machine = [each for each in machine if each != ("host", RUNNING) or "host" in given]
        comparison, cpus = pasted.compared(snapshot.files[paths.SLABINFO], label, machine, given, line)
    else:
        comparison = single((), machine, line)
    copied = pasted.beside(snapshot.files[paths.SLABINFO], slabinfo) if slabinfo else ()
    told_of = (*copied, *cpus)
    observation = observe(snapshot, label, comparison, counts=counts, every=all_caches, told=told, copy=told_of)
    return Result(
        line,
        comparison.assumptions,
        lambda width: page.document(observation, width),
        lambda: data.body(observation),
        lambda: data.rows(observation),
        code=DIFFERING if observation.differing else 0,
        headline=lambda: headline(observation),
        beside=((_plain(_whole(snapshot, live=not (saved or slabinfo or sysfs)).render()), save),) if save else (),
    )


def _whole(snapshot: Snapshot, *, live: bool) -> Snapshot:
    """Return a snapshot as it is saved: that of this machine with what the kernel's own types say."""
    if not live:
        return snapshot
    from ptelist.observe import own_types  # noqa: PLC0415 -- reads BTF, for what is saved only

    return own_types.added(snapshot)


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
        text = read_text(Path(slabinfo), slabinfo, "a copy of /proc/slabinfo")
        if text.startswith(FIRST):
            raise PtelistError(
                f"{slabinfo}:1: not a copy of /proc/slabinfo but what --save wrote: leave --slabinfo out"
            )
        copies.files[paths.SLABINFO] = text
    return copies


def _machine(saved: str | None, options: list[tuple[str, str]], *, counts: bool) -> list[tuple[str, str]]:
    """Return the options, where they do not say otherwise on the observed machine, with caches drawn from.

    Without counts no paging matters, so a machine on which KVM is not loaded will do.
    """
    machine = saved or RUNNING
    given = _given(options)
    usual = [("kernel", machine), ("host", machine), ("caches", "drawn")]
    if not counts:
        usual.append(("paging", "tdp-mmu"))
    return [*((name, text) for name, text in usual if name not in given), *options]


def _given(options: Options) -> set[str]:
    """Return what options say, fields of a VM without that part's name."""
    return {text.partition("=")[0].removeprefix("vm.") if name == "set" else name for name, text in options}


def _says_vms(option: tuple[str, str]) -> bool:
    """Return whether an option says which VMs there are, so that counts can be predicted."""
    name, text = option
    return name == "vm" or (text if name == "set" else AXES[name].path).startswith("vm.")
