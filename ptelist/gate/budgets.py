"""ptelist.toml: named scenarios, and what their figures may be."""

# No `from __future__ import annotations`: see ptelist.scenario.models.

import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Annotated, Any, Literal, NamedTuple

from ptelist.errors import PtelistError, suggestion
from ptelist.gate.limits import LIMIT_KINDS, Bound, Rule, amount, consistent, exactly, growth
from ptelist.scenario.limits import Limits
from ptelist.scenario.overlay import Origin
from ptelist.scenario.presets.parse import toml
from ptelist.settings import named
from ptelist.settings.axes import AXES
from ptelist.settings.faults import Fault, read_record
from ptelist.settings.work import Work

BUILT_IN = "built-in budgets"
"""What stands in for a file's name where there is none."""

OWN = "folder or below; any other is for --baseline alone"
STDOUT = "-"

SCENARIOS = Work("scenarios", 300, "name fewer, or write several files")
"""Each takes some 30 ms where its figures moved, and 14 KB of a baseline."""

LIMITS = Work("limits, one for each figure and scenario", 20_000, "name fewer figures, or fewer scenarios for each")
"""Each takes some 0.3 ms and 4 KiB where it is over."""

TOP_KEYS = frozenset(("baseline", "kernel", "scenario", "budget"))
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"


def _several(value: object) -> object:
    """Return one text or more; raises ValueError for one that is there twice."""
    if not isinstance(value, list):
        return (value,) if isinstance(value, str) else value
    for name, count in Counter(each for each in value if isinstance(each, str)).items():
        if count > 1:
            raise ValueError(f"{name} is given twice")
    return tuple(value)


Amount = Annotated[Bound, Limits(read=amount)]
Exactly = Annotated[Bound, Limits(read=exactly)]
Growth = Annotated[Bound, Limits(read=growth)]
OneLine = Annotated[str, Limits(pattern=r"[^\x00-\x1f\x7f\ufffe\uffff]*")]
OneOrMore = Annotated[tuple[OneLine, ...], Limits(shortest=1, read=_several)]


class Budget(NamedTuple):
    """One [[budget]]: limits for figures of scenarios."""

    figure: OneOrMore
    scenario: OneOrMore | None = None
    max: Amount | None = None
    exact: Exactly | None = None
    max_growth: Growth | None = None
    severity: Literal["fail", "warn"] = "fail"
    message: OneLine = ""


class Wanted(NamedTuple):
    """One [scenario.NAME]: presets and options as on the command line."""

    presets: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def pinned(self) -> bool:
        """Return whether it names its own kernel, whatever is under test."""
        return self.sets("kernel", "")

    @property
    def configured(self) -> bool:
        """Return whether it names its own configuration, or a preset that does."""
        return self.sets("config", "") or any(
            preset.kind == "configs" or "name" in preset.overlay.config for preset in map(named.load, self.presets)
        )

    def sets(self, option: str, path: str) -> bool:
        """Return whether it has an option, or sets the field that this is about."""
        return any(name == option or (name == "set" and text.partition("=")[0] == path) for name, text in self.options)


class Gate(NamedTuple):
    """What a file of budgets says."""

    origin: Origin
    baseline: str
    kernel: str | None
    scenarios: dict[str, Wanted]
    rules: tuple[Rule, ...]


def parse(text: str, label: str) -> Gate:
    """Return scenarios and rules.

    Raises PtelistError, naming line and field, for what is unknown, missing, no amount,
    given twice, or contradicts another budget, and for more than can be held against figures in time.
    """
    data = toml(text, label)
    gate = _gate(data, Origin(label, text))
    return gate._replace(rules=tuple(consistent(_rules(data.get("budget", []), gate.scenarios, gate.origin))))


def scenarios(text: str, label: str) -> Gate:
    """Return the same without its rules, of which there may be none."""
    return _gate(toml(text, label), Origin(label, text))


def _gate(data: dict[str, Any], origin: Origin) -> Gate:
    label = origin.label
    for key in data.keys() - TOP_KEYS:
        raise PtelistError(f"{origin.at(key)}: unknown key {key}{suggestion(key, TOP_KEYS)}")
    for key in ("baseline", "kernel"):
        if not isinstance(data.get(key, ""), str):
            raise PtelistError(f"{origin.at(key)}: {key}: expected text")
    stem, _ = os.path.splitext(os.path.basename("stdin" if label == "-" else label))
    said = data.get("baseline", f"{stem}-baseline.json")
    baseline = _beside(label, said)
    if "baseline" in data and (said == STDOUT or not is_own(label, baseline)):
        raise PtelistError(f"{origin.at('baseline')}: baseline: expected a regular file in this one's {OWN}")
    kernel = _preset(label, data["kernel"]) if "kernel" in data else None
    return Gate(origin, baseline, kernel, _scenarios(data.get("scenario", {}), origin), ())


def is_own(label: str, name: str) -> bool:
    """Return whether a name is one of a regular file in the folder of budgets or below, links followed.

    --update writes there; a FIFO would be waited for.
    """
    try:
        within = os.path.realpath(os.path.dirname(label))
        is_below = os.path.commonpath((within, os.path.realpath(name))) == within
    except ValueError:  # a NUL is in it
        return False
    return is_below and os.path.basename(name) != "" and (os.path.isfile(name) or not os.path.exists(name))


def _beside(label: str, name: str) -> str:
    """Return a path that is meant from the file's folder on, as one from here on."""
    return os.path.join(os.path.dirname(label), name)


def _preset(label: str, name: str) -> str:
    """Return names of presets, those that are paths meant from the file's folder on."""
    parts = name.split("+")
    return "+".join(_beside(label, part) if "/" in part or part.endswith(".toml") else part for part in parts)


def _scenarios(table: object, origin: Origin) -> dict[str, Wanted]:
    if not isinstance(table, dict) or not table:
        raise PtelistError(f"{origin.at('scenario')}: no scenario: expected [scenario.NAME] with options of compare")
    SCENARIOS.bound(len(table), origin.at("scenario"))
    wanted = {}
    for name, options in table.items():
        where = origin.at(f"scenario.{name}")
        if not re.fullmatch(_NAME, name):
            raise PtelistError(f"{where}: scenario names are of letters, digits, dots, dashes and underscores")
        if not isinstance(options, dict):
            raise PtelistError(f"{where}: expected a table, as [scenario.{name}]")
        wanted[name] = _scenario(name, options, origin)
    return wanted


def _scenario(name: str, table: dict[str, Any], origin: Origin) -> Wanted:
    known = {"preset", "set", *AXES} - {"kernel-from"}
    options: list[tuple[str, str]] = []
    names: tuple[str, ...] = ()
    for key, value in table.items():
        where = f"{origin.at(f'scenario.{name}.{key}')}: scenario.{name}.{key}"
        if key == "kernel-from":
            raise PtelistError(f"{where}: the build under test is named on the command line: --kernel-from FILE")
        if key not in known:
            raise PtelistError(f"{where}: unknown option{suggestion(key, known)}")
        for text in value if key == "set" and isinstance(value, list) else [value]:
            option = _option(text, where)
            if key == "preset":
                names = (_preset(origin.label, option),)
            else:
                options.append(
                    (key, _preset(origin.label, option) if key in AXES and AXES[key].kind.by_preset else option)
                )
    return Wanted(names, tuple(options))


def _option(value: object, where: str) -> str:
    """Return a value as it is typed on the command line."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (int, str)):
        return str(value)
    raise PtelistError(f"{where}: expected a number, true, false or text")


def _rules(tables: object, known: dict[str, Wanted], origin: Origin) -> Iterator[Rule]:
    if not isinstance(tables, list) or not tables or not all(isinstance(each, dict) for each in tables):
        raise PtelistError(f"{origin.at('budget')}: no budget: expected [[budget]] with figure and max, for one")
    count = 0
    for number, table in enumerate(tables):
        path = f"budget.{number}"
        budget = _budget(table, path, origin)
        names = budget.scenario or tuple(known)
        for name in names:
            if name not in known:
                where = origin.at(f"{path}.scenario")
                raise PtelistError(f"{where}: budget.scenario: none is called {name}{suggestion(name, known)}")
        limits = [(kind, getattr(budget, kind)) for kind in LIMIT_KINDS if getattr(budget, kind) is not None]
        if not limits:
            raise PtelistError(f"{origin.at(path)}: budget: no limit: expected one of {', '.join(LIMIT_KINDS)}")
        count += len(names) * len(budget.figure) * len(limits)
        LIMITS.bound(count, origin.at(path))
        places = {kind: origin.at(f"{path}.{kind}") for kind, _ in limits}
        for name, figure, (kind, limit) in product(names, budget.figure, limits):
            yield Rule(name, figure, kind, limit, budget.severity, budget.message, places[kind])


def _budget(table: dict[str, Any], path: str, origin: Origin) -> Budget:
    budget: Budget | Fault = read_record(Budget, table)
    if isinstance(budget, Fault):
        field = budget.path[0]
        raise PtelistError(f"{origin.at(f'{path}.{field}')}: budget.{field}: {budget.reason}")
    return budget
