"""ptelist replay: a trace of list operations, under any rules."""

from __future__ import annotations

import click

from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS


@click.command("replay", cls=ScenarioCommand)
@click.argument("trace", required=False, type=FILE)
@click.option("--probe-script", is_flag=True, help="Print a shell script that records a trace, for --kernel.")
@scenario_options
@output_options(FORMATS)
def command() -> None:
    """Replay TRACE (- is stdin) and say what its lists would have taken.

    Several values of --ext, --list-policy or --kernel are replayed at once. TRACE is
    what ftrace, trace-cmd or perf print of the probes that --probe-script sets up,
    or text: add LIST ENTRY [CACHE], remove LIST ENTRY, zap LIST, topup CACHE,
    free CACHE, mark TEXT, a line each. Of kvmmmu:kvm_mmu_set_spte events, which
    do not tell when an entry goes, it makes an upper envelope. Slabs and bytes are
    those of lists and vCPU caches when they held most together. A compressed TRACE
    goes through a pipe: xz -dc FILE | ptelist replay -

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
