"""ptelist best: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ptelist.compare.assumptions import assume
from ptelist.engine.account import descriptors
from ptelist.engine.figure_kinds import DESC_TOTAL
from ptelist.engine.interval import Interval
from ptelist.output import sentence
from ptelist.output.command_line import command_line
from ptelist.output.files import bar, opened, size
from ptelist.output.note import Note
from ptelist.output.result import Result
from ptelist.settings.columns import columns, expand
from ptelist.settings.space import Space
from ptelist.sweep.best import page
from ptelist.sweep.best.best import EXT, RANGE, best, classes, held, in_caches, own
from ptelist.sweep.best.sentence import headline
from ptelist.traces.replay.one_pass import BYTES
from ptelist.traces.replay.replay import replay
from ptelist.traces.rmaps.rmaps import assumed, measured
from ptelist.traces.rmaps.told import Told, usual

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger
    from ptelist.engine.lists.walks import Lengths
    from ptelist.output.command_line import Options
    from ptelist.settings.columns import Columns

    Measured = tuple[list[Ledger], list[list[Lengths]], tuple[Note, ...]]

COUNTED = "counted"
"""The topic of whose descriptors are."""


def run(options: Options, preset: str | None, histogram: str | None, trace: str | None, **beside: Any) -> Result:
    """Try every PTE_LIST_EXT on lists that are named, or measured; `beside` is what is told of a histogram."""
    if histogram and trace:
        raise click.UsageError("--histogram or --trace, one of them")
    told = Told(**beside)
    presets = (preset,) if preset else ()
    named = [("histogram", histogram), ("trace", trace), *told.options()]
    line = command_line("best", (*presets, *told.words()), [*((name, text) for name, text in named if text), *options])
    options = [*(usual(histogram, options) if histogram else []), *options]
    if (histogram or trace) and "caches" not in dict(options):
        options = [("caches", "topped-up"), *options]  # how many of the lists' descriptors came from which is not told
    with_ext = options if EXT in dict(options) else [*options, (EXT, RANGE)]
    space = Space(presets, with_ext)
    tried = columns(space)
    owned = own(expand(presets, [option for option in options if option[0] != EXT]))
    if histogram:
        ledgers, lists, notes = _of_histogram(histogram, told, tried)
    elif trace:
        ledgers, lists, notes = _of_trace(trace, tried)
    else:
        ledgers, lists, notes = _of_classes(tried)
        explain = command_line("explain", (DESC_TOTAL, *presets), space.one_of(with_ext, 0))
        notes = (*notes, Note("explain", f"{explain}, for one of these"))
    answer = best(tried, owned, ledgers, lists)
    return Result(
        line,
        notes,
        lambda width: page.document(answer, notes, line, width),
        lambda: page.body(answer),
        lambda: page.rows(answer),
        headline=lambda: headline(answer),
    )


def _of_classes(tried: Columns) -> Measured:
    scenarios = [column.scenario for column in tried.columns]
    notes = assume(scenarios, by_preset=tried.by_preset)
    return [descriptors(each, aside=False) for each in scenarios], [classes(each) for each in scenarios], notes


def _of_histogram(file: str, told: Told, tried: Columns) -> Measured:
    how = told.how(tried)
    histogram, limits = told.read(file)
    columns = measured(histogram, limits, tried, how)
    ledgers = [held(each.column.scenario, each.ledger["pte_list_desc.objects"]) for each in columns]
    lists = [[(one.lists, one.lengths) for level in each.levels for one in level.classes] for each in columns]
    counted = Note(COUNTED, f"{_counted(tried)}; parent_ptes lists are not in the file")
    return ledgers, lists, tuple(assumed(histogram, limits, columns, how, counted, by_preset=tried.by_preset))


def _of_trace(file: str, tried: Columns) -> Measured:
    with opened(file, "a trace") as lines, bar(size(file), "replaying") as told:
        replayed = replay(lines, file, tried, "", told, "ptelist best --trace -")
    notes = list(replayed.comparison.assumptions)
    if replayed.caches:
        ledgers = [*replayed.comparison.ledgers]
    else:
        pairs = zip(tried.columns, replayed.comparison.ledgers, strict=True)
        ledgers = [held(column.scenario, ledger["replay.peak"]) for column, ledger in pairs]
        notes = [
            Note(COUNTED, f"{_counted(tried)}; the trace has none"),
            *(note for note in notes if note.topic != BYTES),
        ]
    fullest = max(replayed.samples, key=lambda sample: sum(length * lists for length, lists in sample.lengths.items()))
    lengths = [(lists, range(length, length + 1)) for length, lists in sorted(fullest.lengths.items()) if length]
    at = f"of the lists as they were at line {fullest.at:,}, the fullest of {len(replayed.samples)} samples"
    return ledgers, [lengths] * len(ledgers), (Note("walks", at), *notes)


def _counted(tried: Columns) -> str:
    """Return whose descriptors are counted, where caches are those of the scenario."""
    caches = [in_caches(column.scenario) for column in tried.columns]
    vcpus = [sum(vm.count * vm.vcpus for vm in column.scenario.vms) for column in tried.columns]
    beside = Interval(min(each.low for each in caches), max(each.high for each in caches))
    whose = sentence.several(Interval(min(vcpus), max(vcpus)), "vCPU")
    return f"the lists, and {sentence.several(beside, 'descriptor')} in the caches of {whose} (--vcpus)"
