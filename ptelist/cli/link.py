"""From a command's declaration to what it does: loaded when it runs."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

import click

from ptelist.cli.options import ScenarioCommand, chosen
from ptelist.output import delivery
from ptelist.output.footer import brief
from ptelist.scenario import inputs
from ptelist.settings.axes import AXES


def linked(declared: click.Command, module: str, function: str = "run") -> click.Command:
    """Let a declared command, or each one of a group, call a function with the parameters that it declares."""
    if isinstance(declared, click.Group):
        for name, command in declared.commands.items():
            linked(command, module, f"{name}_{declared.name}")
    else:
        declared.callback = partial(_run, module, function, scenario=isinstance(declared, ScenarioCommand))
    return declared


def _run(module: str, function: str, /, *, scenario: bool, **params: Any) -> int:
    """Call it and deliver what it returns: a result, a text, or what the process exits with."""
    if scenario:
        own = {name: value for name, value in params.items() if name.replace("_", "-") not in AXES and name != "set_"}
        params = own | {"options": chosen(params)}
    inputs.forget()
    format_, output = params.pop("format_", None), params.pop("output", None)
    whole = params.pop("assumptions", True)
    returned = getattr(import_module(module), function)(**params)
    if isinstance(returned, int):
        return returned
    if isinstance(returned, str):
        delivery.write((returned, output))
        return 0
    if callable(returned):
        form = delivery.choose(format_, output)
        delivery.write((returned(form, delivery.width(form)), output))
        return 0
    delivery.deliver(returned if whole else brief(returned), format_, output)
    code: int = returned.code
    return code
