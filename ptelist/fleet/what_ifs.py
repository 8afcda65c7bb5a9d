"""What options ask of a fleet: the what-ifs, and what holds where its inventory says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.fleet.fields import NO_MAP, NO_PAST, PEAK, VMS
from ptelist.scenario.overlay import Origin
from ptelist.settings.axes import AXES
from ptelist.settings.columns import name as name_of
from ptelist.settings.kernel_map import mapped
from ptelist.settings.space import Space
from ptelist.settings.typed_options import points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.scenario.presets.mapping import KernelMap
    from ptelist.settings.kinds import Chosen

MOST = 1_000
"""What-ifs: each is worked out for each host that is like no other."""

AS_IT_IS = "as it is"

Options = list[tuple[str, str]]


class WhatIf(NamedTuple):
    """Values that replace those of the inventory; none for the fleet as it is."""

    name: str
    chosen: Chosen


class Unfit(NamedTuple):
    """Why a what-if cannot be applied to a host; equal for all hosts of which that is so."""

    where: Where
    """The option or the file that is to blame, if that is known: the what-if says it as well."""
    text: str

    @property
    def error(self) -> PtelistError:
        """Return it as what is wrong with the command."""
        return PtelistError(self.text, self.where)


def unfit(error: PtelistError) -> Unfit:
    """Return why there cannot be a host under a what-if."""
    where = error.where
    return Unfit(Where(option=where.option) if where.option else Where(file=where.file), error.inner)


def what_ifs(options: Options) -> list[WhatIf]:
    """Return the fleet as it is, then each combination of the options' values; raises PtelistError if too many."""
    space = Space((), options)
    for axis, _ in space.axes:
        if axis.name == VMS:
            raise PtelistError("--vms: how many VMs there are is what the inventory says")
        if axis.name == PEAK:
            raise PtelistError(f"--peak-vms: {NO_PAST}")
    axes = [axis for axis, _ in space.axes]
    origins = [Origin(axis.option, is_option=True) for axis in axes]
    asked = [WhatIf(AS_IT_IS, {})]
    for point in points(space.axes, MOST) if axes else ():
        said = zip(axes, point, origins, strict=True)
        chosen = {axis.name: choice._replace(said_by=origin) for axis, choice, origin in said}
        asked.append(WhatIf(name_of(axes, chosen), chosen))
    return asked


def assumed(texts: Sequence[str], maps: KernelMap = NO_MAP) -> Chosen:
    """Return the values in OPTION=VALUE, for what an inventory leaves open; raises PtelistError for other text."""
    options = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in AXES or name in {VMS, PEAK}:
            raise PtelistError(f'--assume: expected OPTION=VALUE, as in memcg=off or host=laptop, got "{text[:60]}"')
        options.append((name, value))
    axes = Space((), mapped(options, maps)).axes
    for axis, values in axes:
        if len(values) > 1:
            raise PtelistError(f"--assume: {axis.name} has {len(values)} values, expected one")
    return {axis.name: values[0] for axis, values in axes}
