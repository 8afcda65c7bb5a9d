"""What real kernels were seen to do (tests/kernel/recorded) is what ptelist predicts, without booting them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from exploring import all_boots, sampled
from kernel import recording, summary
from kernel.boots import BOOTS, boots_of
from kernel.fetch import SERIES

if TYPE_CHECKING:
    from pathlib import Path

FILES = tuple(recording.recorded())


def name_of(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


every_file = pytest.mark.parametrize("path", FILES, ids=name_of)


def test_every_boot_of_every_kernel_is_recorded() -> None:
    assert {(path.parent.name, path.stem) for path in FILES} == {
        (series, boot) for series in SERIES for boot in boots_of(series)
    }


@pytest.mark.parametrize("path", sampled(FILES, 7), ids=name_of)
def test_measured_is_predicted(path: Path) -> None:
    compared = recording.compared(path)
    wrong = [f"{each.experiment}: {pair}" for each, pairs in compared for pair in pairs if not pair.agrees]
    assert not wrong, f"{path.stem} of {path.parent.name}:\n" + "\n".join(wrong[:20])


@every_file
def test_the_recorded_boot_is_the_one_described(path: Path) -> None:
    """Who changes the experiments has to record anew."""
    done, boot = recording.parse(path.read_text(encoding="utf-8")), BOOTS[path.stem]
    assert done.machine.series == path.parent.name
    assert (done.machine.smp, done.machine.command_line) == (boot.smp, boot.options)
    assert tuple(each.experiment for each in done.observed) == boot.experiments


@every_file
def test_a_recorded_file_is_written_the_same_again(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert recording.render(recording.parse(text)) == text
    assert text.isascii()


@every_file
def test_snapshots_are_there(path: Path) -> None:
    names = [path.stem, f"{path.stem}-live"][: 1 + BOOTS[path.stem].live]
    assert all(path.with_name(f"{name}.observation").exists() for name in names)


SHORT = recording.RECORDED / "6.1" / "present-16.jsonl"


@pytest.mark.parametrize("dropped", [0, 1, 5, -2, -1])
def test_a_shortened_file_is_refused(dropped: int) -> None:
    lines = SHORT.read_text(encoding="utf-8").splitlines(keepends=True)
    del lines[dropped]
    with pytest.raises(recording.DamagedError):
        recording.parse("".join(lines))


def test_a_cut_file_is_refused() -> None:
    with pytest.raises(recording.DamagedError):
        recording.parse(SHORT.read_text(encoding="utf-8")[:-10])


def test_a_number_less_is_refused() -> None:
    lines = [json.loads(line) for line in SHORT.read_text(encoding="utf-8").splitlines()]
    lines[2]["measured"].popitem()
    with pytest.raises(recording.DamagedError):
        recording.parse("\n".join(map(json.dumps, lines)))


def test_every_exact_number_counts() -> None:
    """One more or one less anywhere is a difference, but for what is predicted as an interval."""
    done = recording.parse(SHORT.read_text(encoding="utf-8"))
    for experiment, measured in done.observed:
        for name, value in measured.items():
            off = [value[0] + 1, *value[1:]] if isinstance(value, list) else value + 1
            wrong = recording.Observed(experiment, {**measured, name: off}).differing(done.machine)
            assert [found.name.partition("[")[0] for found in wrong] == [name]


@all_boots()
def test_the_table_adds_up() -> None:
    rows = summary.counts()
    assert [row.boots for row in rows] == [len(boots_of(series)) for series in SERIES]
    whole = [row for row in rows if row.boots == len(BOOTS)]
    assert len(whole) == len(SERIES) - 1
    assert not any(row.differing or row.caches_differing for row in rows)
    assert all(row.agreeing + row.below_only == row.observations for row in rows)
    assert all(row.observations > 20_000 for row in whole)
    assert all(row.below_only < row.observations // 500 for row in whole)
    assert all(0.8 * row.observations < row.exact < row.observations for row in whole)
    assert all(row.caches_agreeing == row.caches > 130 * row.boots for row in rows)
    assert summary.table().count("\n") == len(SERIES) + 3
