"""ptelist check: what it does."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import click

from ptelist.errors import PtelistError
from ptelist.gate import gates, page
from ptelist.gate.baseline import MOST_BYTES, changes, read, render
from ptelist.gate.check import FAIL, check, problems
from ptelist.gate.page import GateReport
from ptelist.gate.sentence import headline
from ptelist.gate.tested import measure
from ptelist.output.delivery import as_text, choose, write
from ptelist.output.formats import FORMATS, MARKDOWN
from ptelist.output.messages import say
from ptelist.output.plain import clean
from ptelist.output.result import Result
from ptelist.scenario.inputs import is_special, is_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.gate.baseline import Baseline
    from ptelist.output.formats import Text
    from ptelist.output.sheet import Block

FILE = "ptelist.toml"
OVER_BUDGET = 1
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file for a step's summary on GitHub."""
LACKING = "that build lacks a figure that is held against it"
AS_TEXT = "text"
"""The format that suits where it is written to, terminal or mail."""


def run(  # noqa: PLR0913, PLR0917 -- all that can be said of a run
    file: str | None,
    kernel: str | None,
    map_kernel: tuple[str, ...],
    kernel_from: str | None,
    config: str | None,
    baseline: str | None,
    against_from: str | None,
    init: bool,
    update: bool,
    dry_run: bool,
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
    reports: list[tuple[str, str]],
    order: list[str],
) -> int:
    """Hold figures against budgets, or write the budgets or the baseline.

    `reports` are formats with their files; `order` is that in which `formats` and `outputs` were typed, by name.
    """
    given = [("kernel", kernel), ("kernel-from", kernel_from), ("config", config)]
    options = [(name, value) for name, value in given if value is not None]
    asked = gates.Run(file or FILE, options, map_kernel, baseline, file is not None, dry_run, against_from)
    if against_from and (kernel_from is None or init or update or baseline):
        raise click.UsageError("--against-from holds --kernel-from NEW against another build: no baseline, no --update")
    if (init or update) and (formats or outputs or reports):
        raise click.UsageError("--init and --update write no report: leave --format, -o and --report out")
    if init and update:
        raise click.UsageError("--init and --update exclude each other")
    if update and not baseline and file and (is_stream(file) or is_special(file)):
        raise click.UsageError("--update: FILE is stdin, which has no name: say with --baseline where the figures go")
    if init:
        return _init(asked)
    if update:
        return _update(asked)
    return _report(asked, [*_pairs(order, formats, outputs), *reports])


def _pairs(order: list[str], formats: tuple[str, ...], outputs: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Return each report's format and file; -o belongs to the --format before it."""
    names, files = iter(formats), iter(outputs)
    reports: list[tuple[str, str | None]] = []
    for what in order:
        if what == "formats":
            reports.append((next(names), None))
        elif reports and reports[-1][1] is None:
            reports[-1] = (reports[-1][0], next(files))
        elif reports:
            raise click.UsageError("-o: a --format can have one file; put --format before each -o")
        else:
            reports.append((AS_TEXT, next(files)))
    return reports or [(AS_TEXT, None)]


def _init(asked: gates.Run) -> int:
    target = asked.file
    if target != "-" and os.path.exists(target):
        raise PtelistError(f"{target}: exists already: --init writes a new file, name another one")
    text, _, left_out = gates.built_in(asked.kernel)
    of_profile = asked._replace(typed=gates.without(asked.typed, "kernel"), maps=())  # which the file names
    following = asked if "kernel-from" in dict(asked.typed) else of_profile
    _tell_configurations(asked)
    if left_out:
        say(clean(f"{target}: {left_out}"))
    write((text, None if asked.dry else target))
    if target != "-" and not asked.dry:
        say(f"{clean(target)}: written; next: {following.line('--update')}")
    return 0


def _tell_configurations(asked: gates.Run) -> None:
    """Say which configuration was read for a build where no report does."""
    for each in gates.configured(asked):
        say(clean(str(each.note())))


def _update(asked: gates.Run) -> int:
    gate = gates.gate(asked)
    old = read(gate.baseline, anew=True)
    tested = measure(gate, asked.kernel, gates.layouts(asked.kernel))
    check(gate, tested, tested.state)  # a budget that cannot be held against it is refused before it is written
    dry = " (not written)" if asked.dry else ""
    told = "".join(f"{clean(f'{gate.baseline}: {line}{dry}')}\n" for line in changes(old, tested.state))
    _tell_configurations(asked)
    text = render(tested.state)
    if len(text) > MOST_BYTES:
        most = f"{MOST_BYTES >> 20} MiB"
        raise PtelistError(f"{gate.baseline}: would be larger than {most}: name fewer scenarios, or fewer VM groups")
    write((told, None), *([] if asked.dry else [(text, gate.baseline)]))
    return 0


def _report(asked: gates.Run, reports: list[tuple[str, str | None]]) -> int:
    layouts = gates.layouts(asked.kernel)
    accept = asked.line("--update")
    before: Baseline | None
    if asked.against:
        gate, before = gates.against_build(asked, asked.against)
        against, accept = asked.against, ""
    elif layouts and not (asked.explicit or asked.baseline or os.path.exists(asked.file)):
        gate, before = gates.against_profile(asked)
        alike = ", configured as the build is" if "config" in dict(asked.kernel) else ""
        against = f"the profile of {gate.kernel} as shipped{alike}; no {FILE} here, so budgets are those of --init"
        accept = ""
    else:
        gate = gates.gate(asked)
        before = read(gate.baseline)
        against = f"{gate.baseline} (ptelist {before.version})" if before else "none"
    tested = measure(gate, asked.kernel, layouts)
    findings, totals = check(gate, tested, before)
    report = GateReport(findings, tested.assumptions, against, asked.line(), accept, totals, gates.configured(asked))
    unwritten = [(name, output) for name, output in reports if asked.dry and output not in {None, "-"}]
    texts = [(_text(report, name, output), output) for name, output in reports if (name, output) not in unwritten]
    summary = "" if asked.dry or "github" not in dict(reports) else os.environ.get(STEP_SUMMARY, "")
    with _summary(summary):  # which fails, if it does, before a report is written
        os.stat(summary if os.path.exists(summary) else os.path.dirname(summary) or ".")
    write(*texts)
    if summary:
        with _summary(summary), open(summary, "a", encoding="utf-8", newline="\n") as file:
            file.writelines(as_text(_result(report), MARKDOWN))
    wrong = list(problems(findings, LACKING) if asked.against else problems(findings))
    if wrong:
        raise PtelistError(f"{asked.against or gate.baseline}: {'; '.join(wrong)}")
    for name, output in unwritten:
        say(f"{clean(str(output))}: not written, {name}")
    return OVER_BUDGET if any(each.status == FAIL for each in findings) else 0


def _text(report: GateReport, name: str, output: str | None) -> Text:
    """Return one report; a format that is not one of every result's is a module here: it knows what a finding is."""
    if name == AS_TEXT or name in FORMATS:
        return as_text(_result(report), choose(None if name == AS_TEXT else name, output))
    render: Callable[[GateReport], str] = import_module(f"ptelist.gate.{name}").render
    return render(report)


@contextmanager
def _summary(target: str) -> Iterator[None]:
    """Say of GitHub's summary of the step that it cannot be written."""
    try:
        yield
    except OSError as error:
        raise PtelistError(f"{STEP_SUMMARY}: {target}: cannot be written: {error.strerror}") from None


def _result(report: GateReport) -> Result:
    return Result(
        report.command,
        report.notes,
        lambda width: page.document(report, width),
        lambda: page.body(report),
        headline=lambda: headline(report.findings, report.totals),
        sheet=lambda _: _sheet(report),
    )


def _sheet(report: GateReport) -> tuple[Block, ...]:
    from ptelist.gate import sheet  # noqa: PLC0415 -- for what draws alone

    return sheet.blocks(report)
