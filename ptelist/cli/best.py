"""ptelist best: the PTE_LIST_EXT that takes the least."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ptelist.cli.complete import presets_of
from ptelist.cli.histograms import Told, histogram_options, usual
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.cli.sweep import FIGURE

if TYPE_CHECKING:
    from ptelist.columns import Columns
    from ptelist.engine.ledger import Ledger
    from ptelist.engine.walks import Lengths

    Measured = tuple[list[Ledger], list[list[Lengths]], tuple[str, ...]]


@click.command("best", cls=ScenarioCommand, short_help="The PTE_LIST_EXT that takes the least, and its walks.")
@click.argument("preset", required=False, shell_complete=presets_of())
@click.option("--histogram", type=click.Path(allow_dash=True), metavar="FILE", help="The VM's mmu_rmaps_stat.")
@histogram_options
@click.option("--trace", type=click.Path(allow_dash=True), metavar="FILE", help="A trace of its lists; see replay.")
@scenario_options
@output_options(FORMATS)
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    preset: str | None,
    histogram: str | None,
    pages_4k: int | None,
    pages_2m: int | None,
    pages_1g: int | None,
    max_rmap_size: int | None,
    written_by: str | None,
    trace: str | None,
    format_: str | None,
    output: str | None,
    **params: Any,
) -> None:
    """Try every PTE_LIST_EXT (2..64, or --ext) on a host whose lists are known.

    The lists are those that the scenario names (--rmaps, --parent-ptes), or one VM's
    out of --histogram or --trace, at their most; the vCPU caches are the scenario's.
    What counts are the host's slabs of pte_list_desc with their memcg vectors. Beside
    them stands how many descriptors an add and a removal touch, by era: a saving that
    nobody wants to pay for in faults is no saving.

    \b
      ptelist best --vm nested --rmaps 100000x3+2000x40 --kernel 6.1,6.18
      ptelist best --vm shadow --histogram mmu_rmaps_stat --pages-4k 70123
      ptelist best --vm nested --trace trace.txt --ext 2..32
    """
    from ptelist.best import EXT, RANGE, best, own  # noqa: PLC0415 -- not for --help
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.columns import columns, expand  # noqa: PLC0415 -- not for --help
    from ptelist.space import Space  # noqa: PLC0415 -- not for --help

    if histogram and trace:
        raise click.UsageError("--histogram or --trace, one of them")
    options = chosen(params)
    told = Told(pages_4k, pages_2m, pages_1g, max_rmap_size, written_by)
    presets = (preset,) if preset else ()
    named = [("histogram", histogram), ("trace", trace), *told.options()]
    line = command_line("best", presets, [*((name, text) for name, text in named if text), *options])
    options = [*(usual(histogram, options) if histogram else []), *options]
    if (histogram or trace) and "caches" not in dict(options):
        options = [("caches", "topped-up"), *options]  # how many of the lists' descriptors came from which is not told
    with_ext = options if EXT in dict(options) else [*options, (EXT, RANGE)]
    space = Space(presets, with_ext)
    found = columns(space)
    owned = own(expand(presets, [option for option in options if option[0] != EXT]))
    if histogram:
        ledgers, lists, notes = _of_histogram(histogram, told, found)
    elif trace:
        ledgers, lists, notes = _of_trace(trace, found)
    else:
        ledgers, lists, notes = _of_classes(found)
        explain = command_line("explain", (FIGURE, *presets), space.one_of(with_ext, 0))
        notes = (*notes, f"explain: {explain}, for one of these")
    answer = best(found, owned, ledgers, lists)
    document = out.late("ptelist.views.best", "document", answer, notes, line)
    to_json = out.late("ptelist.views.best", "to_json", answer, notes, line)
    to_csv = out.late("ptelist.views.best", "to_csv", answer)
    out.deliver(out.Views(document, to_json, to_csv), format_, output)


def _of_classes(found: Columns) -> Measured:
    from ptelist.assumptions import assume  # noqa: PLC0415 -- not for --help
    from ptelist.best import classes  # noqa: PLC0415 -- not for --help
    from ptelist.engine.account import descriptors  # noqa: PLC0415 -- not for --help

    scenarios = [column.scenario for column in found.columns]
    notes = assume(scenarios, by_preset=found.by_preset)
    return [descriptors(each) for each in scenarios], [classes(each) for each in scenarios], notes


def _of_histogram(file: str, told: Told, found: Columns) -> Measured:
    from ptelist.best import held  # noqa: PLC0415 -- not for --help
    from ptelist.presets import read_text  # noqa: PLC0415 -- not for --help
    from ptelist.rmaps import assumed, measured  # noqa: PLC0415 -- not for --help
    from ptelist.sources.rmaps_stat import parse  # noqa: PLC0415 -- not for --help

    how = told.how(found)
    histogram = parse(read_text(Path(file), file), file)
    columns = measured(histogram, told.limits(), found, how)
    ledgers = [held(each.column.scenario, each.ledger["pte_list_desc.objects"]) for each in columns]
    lists = [[(one.lists, one.lengths) for level in each.levels for one in level.classes] for each in columns]
    return ledgers, lists, tuple(assumed(histogram, told.limits(), columns, how, by_preset=found.by_preset))


def _of_trace(file: str, found: Columns) -> Measured:
    from ptelist.best import held  # noqa: PLC0415 -- not for --help
    from ptelist.cli.files import bar, opened, size  # noqa: PLC0415 -- not for --help
    from ptelist.replay import replay  # noqa: PLC0415 -- not for --help

    with opened(file, "a trace") as lines, bar(size(file), "replaying") as told:
        replayed = replay(lines, file, found, "", told)
    pairs = zip(found.columns, replayed.comparison.ledgers, strict=True)
    ledgers = [held(column.scenario, ledger["replay.peak"]) for column, ledger in pairs]
    fullest = max(replayed.samples, key=lambda sample: sum(length * lists for length, lists in sample.lengths.items()))
    lengths = [(lists, range(length, length + 1)) for length, lists in sorted(fullest.lengths.items()) if length]
    at = f"walks: of the lists as they were at line {fullest.at:,}, the fullest of {len(replayed.samples)} samples"
    notes = (note for note in replayed.comparison.assumptions if not note.startswith("pte_list_desc.bytes:"))
    return ledgers, [lengths] * len(ledgers), (at, *notes)
