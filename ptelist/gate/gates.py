"""Where a run of ptelist check takes its scenarios, budgets and layouts from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.gate import template
from ptelist.gate.budgets import BUILT_IN, OWN, is_own, parse, scenarios
from ptelist.gate.configured import AFTER, BEFORE, complete, told
from ptelist.gate.configured import KERNEL_FROM as FROM
from ptelist.gate.tested import measure
from ptelist.output.command_line import command_line
from ptelist.scenario.inputs import is_special
from ptelist.scenario.presets.mapping import KernelMap
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.columns import expand
from ptelist.settings.defaults import PRESETS
from ptelist.settings.kernel_map import mapped

if TYPE_CHECKING:
    from ptelist.gate.baseline import Baseline, Places
    from ptelist.gate.budgets import Gate
    from ptelist.gate.configured import Configured
    from ptelist.gate.tested import Tested
    from ptelist.output.command_line import Options


class Run(NamedTuple):
    """What a run is about: the file, the kernel under test, and how they were typed."""

    file: str
    typed: Options
    """The kernel under test, its build and its configuration, as they were typed."""
    maps: tuple[str, ...]
    """Each --map-kernel."""
    baseline: str | None
    explicit: bool
    """Whether the file was named."""
    dry: bool
    against: str | None = None
    """A build whose figures stand for a baseline."""

    @property
    def kernel(self) -> Options:
        """Return the options of the kernel under test, with those that its configuration makes."""
        return complete(self.named)

    @property
    def named(self) -> Options:
        """Return the kernel as it was typed, with what stands for its release."""
        return mapped(self.typed, self.maps)

    @property
    def before(self) -> Run:
        """Return the same run about the build that it is held against."""
        return self._replace(typed=[*without(self.typed, FROM), *([(FROM, self.against)] if self.against else [])])

    def line(self, *flags: str) -> str:
        """Return the command that does the same, or with `flags` another thing to the same."""
        named = [self.file] if self.explicit else []
        maps = [("map-kernel", value) for value in self.maps]
        others = [("baseline", self.baseline), ("against-from", self.against)]
        given = [(name, value) for name, value in others if value]
        return command_line("check", [*named, *flags], [*self.typed, *maps, *given])


def without(options: Options, *names: str) -> Options:
    """Return options but those of some names."""
    return [each for each in options if each[0] not in names]


def layouts(kernel: Options) -> Places:
    """Return the structs of the build under test; none of a profile."""
    spec = dict(kernel).get(FROM)
    if spec is None:
        return {}
    from ptelist.gate import of_build  # noqa: PLC0415 -- reads BTF, for builds only

    return of_build.layouts(spec)


def gate(asked: Run) -> Gate:
    """Return the scenarios and budgets of the file, and the baseline that is named, else found; raises PtelistError."""
    said = _said(asked)
    if asked.baseline:
        return said._replace(baseline=asked.baseline)
    if not is_own(asked.file, said.baseline):
        raise PtelistError(f"{said.baseline}: expected a regular file in its own {OWN}")
    return said


def _said(asked: Run) -> Gate:
    """Return the scenarios and budgets of the file; raises PtelistError for a bad one."""
    if asked.file != "-" and not os.path.exists(asked.file):
        raise PtelistError(f"{asked.file}: does not exist: ptelist check --init writes one to begin with")
    if not asked.explicit and is_special(asked.file):
        raise PtelistError(f"{asked.file}: expected a regular file; any other is read only where FILE names it")
    return _mapped(parse(read_text(asked.file, asked.file), asked.file), asked.maps)


def _mapped(said: Gate, maps: tuple[str, ...]) -> Gate:
    """Return a gate in which releases say what stands for them."""
    known = KernelMap(maps)
    wanted = {name: each._replace(options=tuple(mapped(each.options, known))) for name, each in said.scenarios.items()}
    return said._replace(kernel=said.kernel and known.taken_for(said.kernel), scenarios=wanted)


def configured(asked: Run) -> tuple[Configured, ...]:
    """Return how the builds of a run were configured, the one under test first."""
    both = ((AFTER, asked.named), (BEFORE, asked.before.named))
    return tuple(each for role, kernel in both if (each := told(role, kernel)))


def built_in(kernel: Options) -> tuple[str, Tested, str]:
    """Return for a kernel the file to begin with, the scenarios that it has, and which it could not have."""
    (column,) = expand((), kernel).columns
    said, left_out = template.scenarios(column.scenario.kernel, column.scenario.first_vm)
    tested = measure(scenarios(said, BUILT_IN), kernel, {})
    profile = None if FROM in dict(kernel) else dict(kernel).get("kernel", PRESETS["kernel"])
    about = next(note.text for note in tested.assumptions if note.topic == "kernel")
    text = template.render(profile, about, said, tested.ledgers)
    return text + template.of_structs(column.scenario, next(iter(tested.ledgers))), tested, left_out


def against_profile(asked: Run) -> tuple[Gate, Baseline]:
    """Return the budgets of --init for the profile of a build's version, its figures, and budgets that the build has.

    The profile has the configuration of the build, so that what differs is the kernel's. It knows no sizes of
    the structs of VMs: these are held against KVM's own limits alone.
    """
    from ptelist.gate import of_build  # noqa: PLC0415 -- reads BTF, for builds only

    options = dict(asked.kernel)
    name = of_build.profile(options[FROM], options.get("kernel"))
    text, tested, _ = built_in([("kernel", name), *without(asked.kernel, FROM, "kernel")])
    (column,) = expand((), asked.kernel).columns
    text += template.of_structs(column.scenario, next(iter(tested.ledgers)))
    return parse(text, BUILT_IN), tested.state._replace(is_file=False)


def against_build(asked: Run, build: str) -> tuple[Gate, Baseline]:
    """Return the budgets of the file, or of --init where there is none, and the figures of another build."""
    has_file = asked.explicit or asked.baseline or os.path.exists(asked.file)
    limits = _said(asked) if has_file else against_profile(asked)[0]
    old = asked.before.kernel
    before = measure(limits, old, layouts(old)).state
    return limits, before._replace(label=build, is_file=False)
