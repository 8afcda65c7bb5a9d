"""ptelist replay: a trace of list operations, under any rules."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.files import bar, opened, size
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.errors import PtelistError


@click.command("replay", cls=ScenarioCommand, short_help="Descriptors of a traced VM, entry by entry.")
@click.argument("trace", required=False, type=click.Path(allow_dash=True))
@click.option("--probe-script", is_flag=True, help="Print a shell script that records a trace, for --kernel.")
@scenario_options
@output_options(FORMATS)
def command(trace: str | None, probe_script: bool, format_: str | None, output: str | None, **params: Any) -> None:
    """Replay TRACE (- is stdin) and say what its lists would have taken.

    Several values of --ext, --list-policy or --kernel are replayed at once. TRACE is
    what ftrace, trace-cmd or perf print of the probes that --probe-script sets up,
    or text: add LIST ENTRY [CACHE], remove LIST ENTRY, zap LIST, topup CACHE,
    free CACHE, mark TEXT, a line each. Of kvmmmu:kvm_mmu_set_spte events, which
    do not tell when an entry goes, it makes an upper envelope.

    TRACE may have steps of VMs in their place, a line each, replayed fault by
    fault: vCPU caches, lists and page tables at each mark, and at the end. With cpu
    or shrink at their begin slabs are followed too, as /proc/slabinfo counts them;
    with open, which creates a VM without memslots, marks say what a cgroup is charged.

    \b
      run VM VCPU [unpaged]     touch VM VCPU ADDRESS[*COUNT] [PAGE [TABLE]]
      fault VM VCPU             drop VM ADDRESS[*COUNT] [TABLE]
      unmap VM PAGE             limit VM TABLES
      slot VM [ADDRESS BYTES]   unslot VM [ADDRESS]       log VM ADDRESS on|off
      open VM                   vcpu VM VCPU              close VM
      cpu NUMBER                shrink                    mark TEXT

    \b
      ptelist replay --probe-script > probes.sh
      ptelist replay trace.txt --ext 2,4,8,14
      ptelist replay trace.txt --ext 14 --list-policy walk,head
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.columns import expand  # noqa: PLC0415 -- not for --help
    from ptelist.replay import replay  # noqa: PLC0415 -- not for --help

    if bool(trace) == probe_script:
        raise click.UsageError("TRACE or --probe-script, one of them")
    options = chosen(params)
    found = expand((), options)
    if trace is None:
        from ptelist.sources.probes import script  # noqa: PLC0415 -- not for a replay

        if len(found.columns) > 1:
            raise PtelistError("--probe-script: is for one kernel at a time")
        out.write(script(found.columns[0].scenario.kernel.version), output)
        return
    line = command_line("replay", (trace,), options)
    with opened(trace, "a trace") as file, bar(size(trace), "replaying") as progress:
        replayed = replay(file, trace, found, line, progress)
    document, to_json = (out.late("ptelist.views.replay", name, replayed) for name in ("document", "to_json"))
    to_csv = out.late("ptelist.views.csv", "render", replayed.comparison, ())
    out.deliver(out.Views(document, to_json, to_csv), format_, output)
