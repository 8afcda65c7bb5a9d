"""From a command's declaration to what it does: loaded when it runs."""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module
from typing import Any

import click

from ptelist.cli.options import MAPS, ScenarioCommand, chosen
from ptelist.output import delivery
from ptelist.output.footer import brief
from ptelist.scenario import inputs
from ptelist.settings.axes import AXES

TAKEN = frozenset(("set_", MAPS))
"""Parameters beside axes that become options of a scenario."""


def linked(declared: click.Command, module: str, function: str = "run") -> click.Command:
    """Let a declared command, or each one of a group, call a function with the parameters that it declares."""
    if isinstance(declared, click.Group):
        for name, command in declared.commands.items():
            linked(command, module, f"{name}_{declared.name}")
    else:
        arguments = frozenset(param.name for param in declared.params if isinstance(param, click.Argument))
        scenario = isinstance(declared, ScenarioCommand)
        declared.callback = partial(_run, module, function, arguments, scenario=scenario)
    return declared


def _run(module: str, function: str, arguments: frozenset[str | None], /, *, scenario: bool, **params: Any) -> int:
    """Call it and deliver what it returns: a result, a text, or what the process exits with."""
    inputs.forget()
    params |= {name: _undashed(value) for name, value in params.items() if name in arguments}
    if scenario:
        own = {
            name: value for name, value in params.items() if name.replace("_", "-") not in AXES and name not in TAKEN
        }
        params = own | {"options": chosen(params)}
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


def _undashed(value: Any) -> Any:
    """Return arguments so that no file's name looks like an option: after "--", -x is one of this folder."""
    if isinstance(value, tuple):
        return tuple(map(_undashed, value))
    is_file = value and value.startswith("-") and value != "-" and os.path.exists(value)  # noqa: PTH110 -- pathlib is slow to load
    return f"./{value}" if is_file else value
