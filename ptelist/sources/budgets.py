"""ptelist.toml: named scenarios, and what their figures may be."""

# No `from __future__ import annotations`: see ptelist.scenario.

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from ptelist import presets
from ptelist.axes import AXES, KINDS
from ptelist.errors import PtelistError, suggestion
from ptelist.overlay import Origin, reason
from ptelist.units import parse_size

BUILT_IN = "built-in budgets"
"""What stands in for a file's name where there is none."""

TABLES = frozenset(("baseline", "kernel", "scenario", "budget"))
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.\-]*"
_PERCENT = r"([0-9]{1,9})(?:\.([0-9]{1,9}))? ?%"
BASELINE = "baseline"
"""As a limit: what the baseline has."""

KINDS_OF_LIMIT = ("max", "exact", "max_growth")


class Limit(NamedTuple):
    """An amount as it was written; its unit is "bytes", "percent", "baseline", or "" for that of the figure."""

    text: str
    amount: int | Fraction
    unit: str


def _limit(value: object) -> Limit:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError('expected a whole number or a size such as "1.25 MiB"')  # noqa: TRY004 -- for pydantic
    if isinstance(value, str):
        return Limit(value, parse_size(value), "bytes")
    if value < 0:
        raise ValueError(f"should be 0 or more, got {value}")
    return Limit(str(value), value, "")


def _exactly(value: object) -> Limit:
    return Limit(BASELINE, 0, BASELINE) if value == BASELINE else _limit(value)


def _growth(value: object) -> Limit:
    if isinstance(value, str) and "%" in value:
        match = re.fullmatch(_PERCENT, value.strip())
        if match is None:
            raise ValueError(f'expected a percentage such as "0.5 %", got "{value[:40]}"')
        digits = match[2] or ""
        return Limit(value, Fraction(int(match[1] + digits), 100 * 10 ** len(digits)), "percent")
    return _limit(value)


def _several(value: object) -> object:
    return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value


Amount = Annotated[Limit, BeforeValidator(_limit)]
Exactly = Annotated[Limit, BeforeValidator(_exactly)]
Growth = Annotated[Limit, BeforeValidator(_growth)]
Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f\ufffe\uffff]*$")]
Names = Annotated[tuple[Text, ...], BeforeValidator(_several), Field(min_length=1)]


class Budget(BaseModel):
    """One [[budget]]: limits for figures of scenarios."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    figure: Names
    scenario: Names | None = None
    max: Amount | None = None
    exact: Exactly | None = None
    max_growth: Growth | None = None
    severity: Literal["fail", "warn"] = "fail"
    message: Text = ""


class Rule(NamedTuple):
    """One limit for one figure of one scenario."""

    scenario: str
    figure: str
    kind: str
    """`max`, `exact` or `max_growth`."""
    limit: Limit
    severity: str
    message: str
    where: tuple[str, int]
    """File and line; line 0 if it is not known."""

    @property
    def relative(self) -> bool:
        """Return whether it is held against the baseline."""
        return self.kind == "max_growth" or self.limit.unit == BASELINE

    @property
    def place(self) -> str:
        """Return `file:line`."""
        label, line = self.where
        return f"{label}:{line}" if line else label


class Wanted(NamedTuple):
    """One [scenario.NAME]: presets and options as on the command line."""

    presets: tuple[str, ...]
    options: tuple[tuple[str, str], ...]

    @property
    def pinned(self) -> bool:
        """Return whether it names its own kernel, whatever is under test."""
        return any(name == "kernel" for name, _ in self.options)


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
    given twice, or contradicts another budget.
    """
    gate = scenarios(text, label)
    rules = tuple(_rules(presets.toml(text, label).get("budget", []), gate.scenarios, gate.origin))
    _refuse_contradictions(rules)
    return gate._replace(rules=rules)


def scenarios(text: str, label: str) -> Gate:
    """Return the same without its rules, of which there may be none."""
    data = presets.toml(text, label)
    origin = Origin(label, text)
    for key in data.keys() - TABLES:
        raise PtelistError(f"{origin.at(key)}: unknown key {key}{suggestion(key, TABLES)}")
    for key in ("baseline", "kernel"):
        if not isinstance(data.get(key, ""), str):
            raise PtelistError(f"{origin.at(key)}: {key}: expected text")
    path = Path("stdin.toml" if label == "-" else label)
    baseline = _beside(label, data.get("baseline", f"{path.stem}-baseline.json"))
    kernel = _preset(label, data["kernel"]) if "kernel" in data else None
    return Gate(origin, baseline, kernel, _scenarios(data.get("scenario", {}), origin), ())


def _beside(label: str, name: str) -> str:
    """Return a path that is meant from the file's folder on, as one from here on."""
    return str(Path(label).parent / name)


def _preset(label: str, name: str) -> str:
    """Return names of presets, those that are paths meant from the file's folder on."""
    parts = name.split("+")
    return "+".join(_beside(label, part) if "/" in part or part.endswith(".toml") else part for part in parts)


def _scenarios(table: object, origin: Origin) -> dict[str, Wanted]:
    if not isinstance(table, dict) or not table:
        raise PtelistError(f"{origin.at('scenario')}: no scenario: expected [scenario.NAME] with options of compare")
    found = {}
    for name, options in table.items():
        where = origin.at(f"scenario.{name}")
        if not re.fullmatch(_NAME, name):
            raise PtelistError(f"{where}: scenario names are of letters, digits, dots, dashes and underscores")
        if not isinstance(options, dict):
            raise PtelistError(f"{where}: expected a table, as [scenario.{name}]")
        found[name] = _scenario(name, options, origin)
    return found


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
                options.append((key, _preset(origin.label, option) if AXES.get(key, _SET).kind in KINDS else option))
    return Wanted(names, tuple(options))


_SET = AXES["vcpus"]
"""Stands for --set, whose values are no presets either."""


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
    for number, table in enumerate(tables):
        path = f"budget.{number}"
        budget = _budget(table, path, origin)
        names = budget.scenario or tuple(known)
        for name in names:
            if name not in known:
                where = origin.at(f"{path}.scenario")
                raise PtelistError(f"{where}: budget.scenario: none is called {name}{suggestion(name, known)}")
        limits = [(kind, getattr(budget, kind)) for kind in KINDS_OF_LIMIT if getattr(budget, kind) is not None]
        if not limits:
            raise PtelistError(f"{origin.at(path)}: budget: no limit: expected one of {', '.join(KINDS_OF_LIMIT)}")
        for name in names:
            for figure in budget.figure:
                for kind, limit in limits:
                    place = origin.place(f"{path}.{kind}")
                    yield Rule(name, figure, kind, limit, budget.severity, budget.message, place)


def _budget(table: dict[str, Any], path: str, origin: Origin) -> Budget:
    try:
        return Budget.model_validate(table)
    except ValidationError as errors:
        error = errors.errors(include_url=False)[0]
        field = str(error["loc"][0])
        raise PtelistError(
            f"{origin.at(f'{path}.{field}')}: budget.{field}: {reason(error, Budget.model_fields)}"
        ) from None


def _refuse_contradictions(rules: tuple[Rule, ...]) -> None:
    """Raise PtelistError for limits given twice, and for those of which one can never matter or never hold."""
    seen: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        others = seen.setdefault((rule.scenario, rule.figure), [])
        for other in others:
            if problem := _contradiction(other, rule):
                raise PtelistError(
                    f"{rule.place}: {rule.kind} of {rule.figure} in {rule.scenario} {problem} ({other.place})"
                )
        others.append(rule)


def _contradiction(first: Rule, second: Rule) -> str:
    if first.kind == second.kind:
        if first.severity == second.severity:
            return "is given twice"
        warn, fail = (first, second) if first.severity == "warn" else (second, first)
        alike = first.limit.unit == second.limit.unit or first.kind != "max_growth"
        if first.kind == "exact" or (alike and warn.limit.amount >= fail.limit.amount):
            return f"contradicts the other severity: warning at {warn.limit.text} and failing at {fail.limit.text}"
    limits = {rule.kind: rule.limit for rule in (first, second) if rule.limit.unit != BASELINE}
    if "exact" in limits and "max" in limits and limits["exact"].amount > limits["max"].amount:
        return f"contradicts the other limit: exactly {limits['exact'].text} is more than at most {limits['max'].text}"
    return ""
