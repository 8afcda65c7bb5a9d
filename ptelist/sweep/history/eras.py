"""Kernel versions in a row that give one figure the same, and the inputs that ended each of these eras."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.alone import Alone
from ptelist.compare.comparison import change
from ptelist.engine.account import account
from ptelist.engine.difference import difference
from ptelist.engine.interval import Change, Interval
from ptelist.errors import PtelistError
from ptelist.scenario.presets.versions import version_key
from ptelist.settings.catalog.names import one
from ptelist.settings.kinds import Choice
from ptelist.settings.void import refuse_void

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.compare.alone import Cause
    from ptelist.engine.ledger import Term
    from ptelist.errors import Where
    from ptelist.scenario.models import Scenario
    from ptelist.settings.kinds import Chosen
    from ptelist.settings.space import Space


class Era(NamedTuple):
    """Versions that give the figure the same."""

    versions: tuple[str, ...]
    term: Term
    change: Change | None
    """Against the era before; None for the first one."""
    causes: tuple[Cause, ...] = ()
    """The largest first."""

    @property
    def first(self) -> str:
        """Return the first of the versions."""
        return self.versions[0]

    @property
    def last(self) -> str:
        """Return the last of the versions."""
        return self.versions[-1]


class Impossible(NamedTuple):
    """A version that cannot have the scenario."""

    version: str
    where: Where
    """What of the scenario it cannot have."""
    why: str


class History(NamedTuple):
    """A figure over kernel versions."""

    eras: tuple[Era, ...]
    impossible: tuple[Impossible, ...]
    scenario: Scenario
    """That of the last version that can have it."""


def history(space: Space, versions: Sequence[str], name: str) -> History:
    """Return a figure's eras over these versions.

    Raises PtelistError for what names no figure, or several, if no version can have the scenario, and for an option
    that has no effect in any.
    """
    eras: list[Era] = []
    impossible: list[Impossible] = []
    before: Scenario | None = None
    found: list[Scenario] = []
    figure = name
    for version in versions:
        try:
            scenario = space.scenario(_at(space, version))
        except PtelistError as error:
            impossible.append(Impossible(version, error.where, str(error)))
            continue
        found.append(scenario)
        ledger = account(scenario)
        if before is None:
            figure = one(name, ledger)
            eras.append(Era((version,), ledger[figure], None))
        elif _unchanged(eras[-1].term, ledger[figure]):
            eras[-1] = eras[-1]._replace(versions=(*eras[-1].versions, version))
        else:
            delta = change(eras[-1].term, ledger[figure])
            eras.append(Era((version,), ledger[figure], delta, tuple(Alone(before, scenario).causes(figure))))
        before = scenario
    if before is None:
        raise PtelistError(f"no version can have this scenario: {_why(impossible)}")
    refuse_void((axis for axis, _ in space.axes), found)
    return History(tuple(eras), tuple(impossible), before)


def _why(impossible: Sequence[Impossible]) -> str:
    """Return what keeps the newest version from it, which lacks the least; older ones may lack more."""
    return max(impossible, key=lambda each: version_key(each.version)).why


def _unchanged(old: Term, new: Term) -> bool:
    return Interval.of(old) == Interval.of(new) and difference(old, new) == (0, 0)


def _at(space: Space, version: str) -> Chosen:
    """Return the point of a space, whose other axes have one value each, with a kernel version."""
    return {axis.name: values[0] for axis, values in space.axes if values} | {"kernel": Choice(version, version)}
