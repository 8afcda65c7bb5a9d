"""ptelist check: a gate for CI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptelist.axes import AXES
from ptelist.cli import gates
from ptelist.cli.complete import axis_values
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from ptelist.sources.baseline import Baseline
    from ptelist.views.check import Report

FILE = "ptelist.toml"
REPORTS = ("text", "json", "markdown", "ktap", "junit", "github")
OVER_BUDGET = 1
ORDER = "ptelist.order"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable that names the file for a step's summary on GitHub."""


class CheckCommand(click.Command):
    """A command whose -o belongs to the --format before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note in which order --format and -o were typed."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[ORDER] = [param.name for param in order if param.name in {"formats", "outputs"}]
        return super().parse_args(ctx, args)


@click.command("check", cls=CheckCommand, short_help="Figures against budgets and a baseline, for CI.")
@click.argument("file", required=False, type=click.Path(allow_dash=True), metavar="[FILE]")
@click.option("--kernel", metavar="NAME", help=AXES["kernel"].help, shell_complete=axis_values("kernels"))
@click.option("--kernel-from", metavar="FILE", help="The build under test: vmlinux, kvm.ko, bzImage or BTF.")
@click.option("--baseline", type=click.Path(), metavar="FILE", help="Default: what FILE says, else FILE-baseline.json.")
@click.option("--init", is_flag=True, help="Write FILE to begin with, figures of this kernel filled in.")
@click.option("--update", is_flag=True, help="Take the figures as they are for the baseline.")
@click.option("--dry-run", is_flag=True, help="Write no file, say what would be written.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(REPORTS),
    help="Default: text. Repeatable, each with its own -o.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Write the --format before it there.",
)
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    ctx: click.Context,
    file: str | None,
    kernel: str | None,
    kernel_from: str | None,
    baseline: str | None,
    init: bool,
    update: bool,
    dry_run: bool,
    formats: tuple[str, ...],
    outputs: tuple[str, ...],
) -> int | None:
    """Hold the figures of scenarios against budgets, as a gate in CI.

    FILE (default: ptelist.toml) has scenarios and budgets: max, exact, or
    max_growth from a baseline that --update writes beside it. The kernel under
    test is --kernel-from (a build) or --kernel, for every scenario that names
    none. Without a ptelist.toml a build is held against the profile of its
    version, by the budgets that --init would write.

    Exit code: 0 within budget, 1 over it, 2 anything wrong with the input or the
    baseline.

    \b
      ptelist check --init && ptelist check --update
      ptelist check --kernel-from vmlinux
      ptelist check --format ktap -o out.tap --format github
    """
    given = [("kernel", kernel), ("kernel-from", kernel_from)]
    options = [(name, value) for name, value in given if value is not None]
    asked = gates.Asked(file or FILE, options, baseline, file is not None, dry_run)
    if (init or update) and (formats or outputs):
        raise click.UsageError("--init and --update write no report: leave --format and -o out")
    if init and update:
        raise click.UsageError("--init and --update exclude each other")
    if init:
        _init(asked)
        return None
    if update:
        _update(asked)
        return None
    return _report(asked, _pairs(ctx.meta[ORDER], formats, outputs))


def _pairs(order: list[str], formats: tuple[str, ...], outputs: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Return each report's format and file; -o belongs to the --format before it."""
    names, files = iter(formats), iter(outputs)
    found: list[tuple[str, str | None]] = []
    for what in order:
        if what == "formats":
            found.append((next(names), None))
        elif found and found[-1][1] is None:
            found[-1] = (found[-1][0], next(files))
        elif found:
            raise click.UsageError("-o: a --format can have one file; put --format before each -o")
        else:
            found.append(("text", next(files)))
    found = found or [("text", None)]
    targets = [None if name in {None, "-"} else str(Path(name).resolve()) for _, name in found]
    if len(set(targets)) < len(targets):
        raise click.UsageError("two reports in one place: give each --format an -o of its own but one")
    return found


def _init(asked: gates.Asked) -> None:
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help

    target = asked.file
    if target != "-" and Path(target).exists():
        raise PtelistError(f"{target}: exists already: --init writes a new file, name another one")
    text, _ = gates.built_in(asked.kernel, target)
    build = asked.kernel if "kernel-from" in dict(asked.kernel) else []  # a profile is named in the file
    out.write(text, None if asked.dry else target)
    if target != "-" and not asked.dry:
        click.echo(f"{target}: written; next: {asked._replace(kernel=build).line('--update')}", err=True)


def _update(asked: gates.Asked) -> None:
    from ptelist.check import check, measure  # noqa: PLC0415 -- not for --help
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.sources import baseline as file  # noqa: PLC0415 -- not for --help

    gate = gates.gate(asked)
    old = file.read(gate.baseline)
    tested = measure(gate, asked.kernel, gates.layouts(asked.kernel))
    check(gate, tested, tested.state)  # a budget that cannot be held against it is refused before it is written
    if not asked.dry:
        out.write(file.render(tested.state), gate.baseline)
    for line in file.changes(old, tested.state):
        click.echo(f"{gate.baseline}: {line}{' (not written)' if asked.dry else ''}")


def _report(asked: gates.Asked, reports: list[tuple[str, str | None]]) -> int:
    from ptelist.check import FAIL, check, measure, problems  # noqa: PLC0415 -- not for --help
    from ptelist.sources.baseline import read  # noqa: PLC0415 -- not for --help
    from ptelist.views.check import Report  # noqa: PLC0415 -- not for --help

    layouts = gates.layouts(asked.kernel)
    accept = asked.line("--update")
    before: Baseline | None
    if layouts and not (asked.explicit or asked.baseline or Path(asked.file).exists()):
        gate, before = gates.against_profile(asked)
        against = f"the profile of {gate.kernel} as shipped; no {FILE} here, so budgets are those of --init"
        accept = ""
    else:
        gate = gates.gate(asked)
        before = read(gate.baseline)
        against = f"{gate.baseline} (ptelist {before.version})" if before else "none"
    tested = measure(gate, asked.kernel, layouts)
    findings = check(gate, tested, before)
    report = Report(findings, tested.assumptions, against, asked.line(), accept)
    for name, output in reports:
        if asked.dry and output not in {None, "-"}:
            click.echo(f"{output}: not written, {name}", err=True)
        else:
            _write(report, name, output, summary=not asked.dry)
    if wrong := list(problems(findings)):
        raise PtelistError(f"{gate.baseline}: {'; '.join(wrong)}")
    return OVER_BUDGET if any(each.status == FAIL for each in findings) else 0


def _write(report: Report, name: str, output: str | None, *, summary: bool) -> None:
    """Write one report; GitHub's step summary gets the Markdown beside the annotations."""
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help

    if name in {"text", "json", "markdown"}:
        view = "ptelist.views.check"
        views = out.Views(out.late(view, "document", report), out.late(view, "to_json", report))
        out.deliver(views, None if name == "text" else name, output)
        return
    out.write(out.late(f"ptelist.views.{name}", "render", report)(), output)
    target = os.environ.get(STEP_SUMMARY)
    if name == "github" and target and summary:
        from ptelist.views import check, markdown  # noqa: PLC0415 -- tabulate only where needed

        try:
            with Path(target).open("a", encoding="utf-8", newline="\n") as file:
                file.write(markdown.render(check.document(report, None)))
        except OSError as error:
            raise PtelistError(f"{STEP_SUMMARY}: {target}: cannot be written: {error.strerror}") from None
