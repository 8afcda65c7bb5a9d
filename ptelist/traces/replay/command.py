"""ptelist replay: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ptelist.compare.result import result
from ptelist.errors import PtelistError
from ptelist.output.command_line import command_line
from ptelist.output.files import bar, opened, size
from ptelist.settings.columns import expand
from ptelist.traces.replay import page
from ptelist.traces.replay.probes import script
from ptelist.traces.replay.replay import replay
from ptelist.traces.replay.sentence import headline

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.output.result import Result


def run(options: Options, trace: str | None, probe_script: bool) -> Result | str:
    """Replay a trace, or return the script that records one."""
    if bool(trace) == probe_script:
        raise click.UsageError("TRACE or --probe-script, one of them")
    chosen = expand((), options)
    if trace is None:
        if len(chosen.columns) > 1:
            raise PtelistError("--probe-script: is for one kernel at a time")
        return script(chosen.columns[0].scenario.kernel.version)
    line = command_line("replay", (trace,), options)
    with opened(trace, "a trace") as file, bar(size(trace), "replaying") as progress:
        replayed = replay(file, trace, chosen, line, progress)
    return result(
        replayed.comparison,
        lambda width: page.document(replayed, width),
        said=lambda: headline(replayed),
        **page.data(replayed),
    )
