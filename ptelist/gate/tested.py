"""The scenarios that a gate puts a kernel under test with, accounted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import assume
from ptelist.engine.account import account
from ptelist.errors import NOWHERE, PtelistError
from ptelist.gate.baseline import Baseline, entry
from ptelist.output.command_line import words as spelt
from ptelist.output.version import __version__
from ptelist.settings.columns import KERNELS, expand
from ptelist.settings.work import GROUPS as IN_COLUMNS
from ptelist.settings.work import Vms, bound_histories

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger
    from ptelist.gate.baseline import Places
    from ptelist.gate.budgets import Gate, Wanted
    from ptelist.output.command_line import Options
    from ptelist.output.note import Note
    from ptelist.scenario.models import Scenario

GROUPS = IN_COLUMNS._replace(most=10_000)
"""Each takes 36 KiB: its fields are kept beside its figures."""


class Tested(NamedTuple):
    """The scenarios under test: how each is said on the command line, its ledger, what a baseline keeps."""

    options: dict[str, tuple[str, ...]]
    """PRESET and options, as words."""
    ledgers: dict[str, Ledger]
    state: Baseline
    assumptions: tuple[Note, ...]


def measure(gate: Gate, kernel: Options, layouts: Places) -> Tested:
    """Return the scenarios of a gate, those that name no kernel on the one under test.

    `kernel` are its options, `layouts` those of its build. Raises PtelistError that names
    the line of what is wrong in a scenario, and if all are more than can be accounted in time.
    """
    under_test = _under_test(gate, kernel)
    scenarios: dict[str, Scenario] = {}
    words = {}
    vms = Vms(GROUPS)
    for name, wanted in gate.scenarios.items():
        options, scenarios[name] = _scenario(gate, name, wanted, under_test)
        words[name] = (*wanted.presets, *spelt(options))
        vms.add(scenarios[name], gate.origin.at(f"scenario.{name}"))
    bound_histories(scenarios.values())
    ledgers = {name: account(scenario) for name, scenario in scenarios.items()}
    entries = {
        name: entry(scenario, ledgers[name], assume([scenario], by_preset=True)) for name, scenario in scenarios.items()
    }
    state = Baseline(version=__version__, scenarios=entries, layouts=layouts)
    return Tested(words, ledgers, state, assume(list(scenarios.values()), by_preset=True))


def _under_test(gate: Gate, kernel: Options) -> Options:
    """Return the options of the kernel under test, which is one and can be read."""
    if kernel and all(wanted.pinned for wanted in gate.scenarios.values()):
        raise PtelistError(f"{gate.origin.label}: every scenario names its own kernel, none is left to put under test")
    is_named = any(name in KERNELS for name, _ in kernel)
    options = kernel if is_named or not gate.kernel else [("kernel", gate.kernel), *kernel]
    where = NOWHERE if is_named or not gate.kernel else gate.origin.at("kernel")._replace(field="kernel")
    try:
        if options and len(expand((), options).columns) > 1:
            raise PtelistError("one kernel at a time can be under test")
    except PtelistError as error:
        raise PtelistError(str(error), where) from None
    return options


def _left(under_test: Options, wanted: Wanted) -> Options:
    """Return the options of the kernel under test that a scenario does not say itself."""
    own = ("config", "memcg") if wanted.configured else ("memcg",) if wanted.sets("memcg", "host.memcg") else ()
    return [each for each in under_test if each[0] not in own]


def _scenario(gate: Gate, name: str, wanted: Wanted, under_test: Options) -> tuple[Options, Scenario]:
    """Return a scenario on the kernel under test, unless it names its own, and the options that make it."""
    path = f"scenario.{name}"
    try:
        options = [*([] if wanted.pinned else _left(under_test, wanted)), *wanted.options]
        columns = expand(wanted.presets, options).columns
    except PtelistError as error:
        text = str(error)
        for option, _ in wanted.options:
            if error.where.option == f"--{option}":
                path, text = f"{path}.{option}", error.inner
                break
        raise PtelistError(text, gate.origin.at(path)._replace(field=path)) from None
    if len(columns) > 1:
        raise PtelistError(f"{gate.origin.at(path)}: {path}: makes {len(columns)} columns, expected one value each")
    return options, columns[0].scenario
