"""Where a run of ptelist check takes its scenarios, budgets and layouts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.gate import template
from ptelist.gate.baseline import places
from ptelist.gate.budgets import BUILT_IN, parse, scenarios
from ptelist.gate.check import measure
from ptelist.output.command_line import command_line
from ptelist.scenario.presets.text_file import read_text
from ptelist.settings.columns import expand
from ptelist.settings.defaults import PRESETS

if TYPE_CHECKING:
    from ptelist.gate.baseline import Baseline, Places
    from ptelist.gate.budgets import Gate
    from ptelist.gate.check import Tested
    from ptelist.output.command_line import Options


FROM = "kernel-from"


class Run(NamedTuple):
    """What a run is about: the file, the kernel under test, and how they were typed."""

    file: str
    kernel: Options
    baseline: str | None
    explicit: bool
    """Whether the file was named."""
    dry: bool
    against: str | None = None
    """A build whose figures stand for a baseline."""

    def line(self, *flags: str) -> str:
        """Return the command that does the same, or with `flags` another thing to the same."""
        named = [self.file] if self.explicit else []
        others = [("baseline", self.baseline), ("against-from", self.against)]
        return command_line(
            "check", [*named, *flags], [*self.kernel, *((name, value) for name, value in others if value)]
        )


def layouts(kernel: Options) -> Places:
    """Return the structs of the build under test; none of a profile."""
    spec = dict(kernel).get("kernel-from")
    if spec is None:
        return {}
    from ptelist.readers.builds.builds import once  # noqa: PLC0415 -- reads BTF, for builds only
    from ptelist.readers.builds.profile import STRUCTS  # noqa: PLC0415 -- as above

    return places(once(spec).btf, STRUCTS)


def gate(asked: Run) -> Gate:
    """Return the scenarios and budgets of the file; raises PtelistError for a bad one."""
    if asked.file != "-" and not Path(asked.file).exists():
        raise PtelistError(f"{asked.file}: does not exist: ptelist check --init writes one to begin with")
    parsed = parse(read_text(Path(asked.file), asked.file), asked.file)
    return parsed._replace(baseline=asked.baseline) if asked.baseline else parsed


def built_in(kernel: Options, label: str) -> tuple[str, Tested]:
    """Return the file to begin with and the scenarios that it has, for a kernel."""
    (column,) = expand((), kernel).columns
    said = template.scenarios(split_caches=column.scenario.kernel.split_caches)
    tested = measure(scenarios(said, label), kernel, {})
    profile = None if "kernel-from" in dict(kernel) else dict(kernel).get("kernel", PRESETS["kernel"])
    about = next(note.text for note in tested.assumptions if note.topic == "kernel")
    return template.render(profile, about, said, tested.ledgers), tested


def against_profile(asked: Run) -> tuple[Gate, Baseline]:
    """Return the budgets of --init for the profile of a build's version, and its figures."""
    from ptelist.readers.builds.builds import once  # noqa: PLC0415 -- reads BTF, for builds only
    from ptelist.readers.builds.profile import base  # noqa: PLC0415 -- as above

    options = dict(asked.kernel)
    name = base(once(options["kernel-from"]), options.get("kernel"))
    text, tested = built_in([("kernel", name)], BUILT_IN)
    return parse(text, BUILT_IN), tested.state


def against_build(asked: Run, build: str) -> tuple[Gate, Baseline]:
    """Return the budgets of the file, or of --init where there is none, and the figures of another build."""
    has_file = asked.explicit or asked.baseline or Path(asked.file).exists()
    limits = gate(asked) if has_file else against_profile(asked)[0]
    old: Options = [*(each for each in asked.kernel if each[0] != FROM), (FROM, build)]
    before = measure(limits, old, layouts(old)).state
    return limits, before._replace(label=build)
