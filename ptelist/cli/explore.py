"""ptelist explore: a live screen."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, scenario_options
from ptelist.settings.axes import PRESETS


@click.command("explore", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
def command() -> None:
    """Move the levers of one scenario and see where the bytes go.

    Arrow keys move a lever, Enter types a value or opens a derivation, p pins what
    is there so that what comes is held against it, ? shows all keys. The command
    that gives the same figures stands below. It needs the extra explore (textual).

    \b
      ptelist explore --vcpus 256
      ptelist explore nested --kernel 6.1
    """
