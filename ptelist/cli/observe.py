"""ptelist observe: what a host shows, beside what the model says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptelist.axes import AXES
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from ptelist.sources.snapshot import Snapshot

DIFFERING = 1


@click.command("observe", cls=ScenarioCommand, short_help="A host's slab caches beside the prediction.")
@click.argument("saved", required=False, metavar="[SAVED]")
@click.option("--slabinfo", type=click.Path(), metavar="FILE", help="A copy of /proc/slabinfo; - is stdin.")
@click.option("--sysfs", type=click.Path(), metavar="DIR", help="A copy of /sys/kernel/slab (cp -r keeps its links).")
@click.option("--save", type=click.Path(), metavar="FILE", help="Also write what was read, as text for a mail.")
@click.option("--all-caches", is_flag=True, help="Check the layout of every cache of the host.")
@click.option(
    "--rmaps-stat",
    is_flag=True,
    help="Also read each VM's mmu_rmaps_stat. The kernel walks every rmap list of the VM under mmu_lock held for"
    " write meanwhile, so its vCPUs stand still at their next fault: seconds for a large VM.",
)
@scenario_options
@output_options(FORMATS)
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    saved: str | None,
    slabinfo: str | None,
    sysfs: str | None,
    save: str | None,
    all_caches: bool,
    rmaps_stat: bool,
    format_: str | None,
    output: str | None,
    **params: Any,
) -> int:
    """Show what this host's KVM caches are, beside what ptelist says they are.

    SAVED is what --save wrote, there or on another host. Layouts are always
    compared; counts are if options say which VMs the host runs (--vms, --vcpus,
    --vm, ...), with memory caches drawn from since their last top-up; with --filling
    the counts as they stand are as well, of a host that was only filled, or aged. Nothing is
    ever written to sysfs, and what may not be read (root may read all) is named.
    Exit code 1: something differs.

    \b
      ptelist observe
      ptelist observe --vms 3 --vcpus 8
      ptelist observe --save host.txt; ptelist observe host.txt --all-caches
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.cli.single import single  # noqa: PLC0415 -- not for --help
    from ptelist.observation import observe  # noqa: PLC0415 -- not for --help

    if saved and (slabinfo or sysfs or rmaps_stat):
        raise click.UsageError("--slabinfo, --sysfs and --rmaps-stat read this host or copies, not SAVED")
    snapshot = _read(saved, slabinfo, sysfs, rmaps_stat)
    if save:
        out.write(snapshot.render(), save)
    options = chosen(params)
    flags = [name for name, on in (("all-caches", all_caches), ("rmaps-stat", rmaps_stat)) if on]
    words = [*([saved] if saved else []), *(f"--{flag}" for flag in flags)]
    copies = [(name, path) for name, path in (("slabinfo", slabinfo), ("sysfs", sysfs)) if path]
    counts, told = any(map(_says_vms, options)), any(name == "filling" for name, _ in options)
    line = command_line("observe", words, [*copies, *options])
    comparison = single((), _machine(saved, options, counts=counts), line)
    found = observe(snapshot, saved or "running", comparison, counts=counts, every=all_caches, told=told)
    to_json, to_csv = (out.late("ptelist.views.observe_data", name, found) for name in ("to_json", "to_csv"))
    out.deliver(out.Views(out.late("ptelist.views.observe", "document", found), to_json, to_csv), format_, output)
    return DIFFERING if found.differing else 0


def _read(saved: str | None, slabinfo: str | None, sysfs: str | None, rmaps_stat: bool) -> Snapshot:
    """Return a saved snapshot, one of copies, or this host's."""
    from ptelist.presets import read_text  # noqa: PLC0415 -- not for --help
    from ptelist.sources import binary_stats  # noqa: PLC0415 -- not for --help
    from ptelist.sources import snapshot as shot  # noqa: PLC0415 -- not for --help

    if saved:
        return shot.parse(read_text(Path(saved), saved), saved)
    if not (slabinfo or sysfs):
        found = shot.take(shot.Live(), rmaps_stat=True) if rmaps_stat else shot.here()
        return found._replace(vms=found.vms | binary_stats.beside(found.vms))
    found = shot.take(shot.Live(Path(sysfs), shot.SLABS)) if sysfs else shot.Snapshot({}, {}, {}, {})
    if sysfs and not found.slabs:
        raise PtelistError(f"{sysfs}: no slab caches there, expected a copy of {shot.SLABS}")
    if slabinfo:
        found.files[shot.SLABINFO] = read_text(Path(slabinfo), slabinfo)
    return found


def _machine(saved: str | None, options: list[tuple[str, str]], *, counts: bool) -> list[tuple[str, str]]:
    """Return the options, where they do not say otherwise on the observed machine, with caches drawn from.

    Without counts no paging matters, so a machine on which KVM is not loaded will do.
    """
    from ptelist.presets import RUNNING  # noqa: PLC0415 -- not for --help

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
