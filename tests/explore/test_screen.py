"""The screen, as a person uses it: keys and the mouse, what is refused, copied, written, found, and small terminals."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from exploring import sampled
from screens import MISSING, command, explorer, left, played, press, settled

from ptelist.compare import ledgers
from ptelist.engine.account import account
from ptelist.explore import figures, results
from ptelist.explore.drawn import ARROWS
from ptelist.explore.keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from click.testing import Result
    from textual.pilot import Pilot

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Scenario

    Run = Callable[..., Result]

pytest.importorskip("textual", reason=MISSING)
EXT = "down down down"
"""From the first lever to ext."""
MOST_LAYOUTS = 20
"""Of a screen, for a few sizes that it is told."""
SIZE = re.compile(r"[\d.]+ (?:[KMGT]iB|B)")


def line_of(screen: str, word: str) -> str:
    return next(line for line in screen.splitlines() if word in line)


def totals(run: Run, screen: str) -> set[tuple[int, int]]:
    """Return what the command at the bottom gives for the total, in any column."""
    _, *words = shlex.split(command(screen))
    result = run(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    body: dict[str, Any] = json.loads(result.stdout)
    if "whole" in body:
        return {(body["whole"]["low"], body["whole"]["high"])}
    figures = [column["figures"]["mmu.bytes.total"] for column in body["configs"]]
    return {(figure["low"], figure["high"]) for figure in figures}


def test_levers_are_moved_and_the_command_gives_what_is_shown(run: Run) -> None:
    at = explorer("--vcpus 256")
    first, typed, stepped, refused, pinned, undone, cleared, none = played(
        "", f"{EXT} 2 enter", "down left -", "left left", "p", "u u", "up backspace", "u u u u u u", explored=at
    )
    assert command(first) == "ptelist where --vcpus 256"
    assert "91.3% of it is in shadow pages" in first
    assert "ext=2 takes 983,040 bytes (960.0 KiB) less than ext=14" in typed
    assert command(typed) == "ptelist compare --vcpus 256 --ext 14,2"
    assert command(stepped) == "ptelist compare --vcpus 256 --ext 14,2 --capacity 40,19 --paired"
    assert "7: capacity 7 is below the top-up minimum of 14" in left(refused)
    assert command(refused) == "ptelist compare --vcpus 256 --ext 14,2 --capacity 40,14 --paired"
    assert command(pinned) == "ptelist where --vcpus 256 --ext 2 --capacity 14"
    assert command(undone) == command(stepped)
    assert command(cleared) == "ptelist compare --vcpus 256 --capacity 40,19"
    assert "there is no step to take back" in none
    total = at.here.ledger["mmu.bytes.total"]
    assert totals(run, none) == {(total.low, total.high)}


def test_the_parts_are_sorted_with_shares_and_bars() -> None:
    (screen,) = played("--vcpus 256")
    right = [line.partition("│")[2] for line in screen.splitlines() if "%" in line and "│" in line]
    shares = [float(re.findall(r"([\d.]+)%", line)[0]) for line in right if re.match(r" {3}\w", line)]
    assert len(shares) > 3
    assert shares == sorted(shares, reverse=True)
    assert all(SIZE.search(line) and "█" in line for line in right)


def test_a_value_is_typed_in_its_place() -> None:
    _, wrong, kept, corrected, again, begun, whole, taken = played(
        "",
        f"{EXT} 2 x enter",
        "ctrl+u 1 enter",
        "backspace 4 backspace 2 enter",
        "enter 7 escape",
        "up up enter backspace d tab",
        "c tab",
        "enter",
    )
    lines = wrong.splitlines()
    at = next(number for number, line in enumerate(lines) if line.lstrip().startswith("ext"))
    assert lines[at].partition("│")[0].rstrip().endswith("2x▏")
    assert "2x: expected one whole" in lines[at + 1]
    assert "1: should be greater than or equal to 2" in left(kept)
    assert "2".join(ARROWS) in line_of(corrected, "ext  ")
    assert again == corrected, "Esc leaves a value as it was"
    assert "debian-▏" in line_of(begun, "config ")
    assert "debian-amd64" in line_of(begun, "Tab goes on")
    assert "ian-cloud-amd64▏" in line_of(whole, "config ")
    assert command(taken) == "ptelist compare --ext 14,2 --config upstream,debian-cloud-amd64 --paired"


def test_derivations_open_down_to_the_commit(run: Run) -> None:
    _, where, tree, closed, waterfall, difference, whole, step, folded = played(
        "--vcpus 256",
        "tab down down down",
        "enter",
        "left right left down",
        f"escape escape {EXT} 2 enter tab tab",
        "enter",
        "a end",
        "escape down down enter",
        "down down left left enter",
    )
    assert "page_tables.bytes.tables: 28,672 bytes" in where
    assert command(tree) == "ptelist explain page_tables.bytes.tables --vcpus 256"
    assert "▾ page_tables.bytes.tables = 28,672 bytes" in tree
    _, *words = shlex.split(command(tree))
    assert "28,672 bytes" in run(*words).stdout
    assert closed.count("▸") == 1
    assert "less or more than ext=14" in waterfall
    assert command(difference) == "ptelist explain mmu.bytes.total --vcpus 256 --ext 14,2"
    assert "dc1cff969101" not in difference
    assert "dc1cff969101" in whole, "the commit"
    assert "▾ pte_list_desc.bytes.slab: -983,040 bytes" in step
    assert command(step) == "ptelist explain pte_list_desc.bytes.slab --vcpus 256 --ext 14,2"
    assert "▸" in folded


def test_a_lever_is_swept_with_its_break_even_and_a_figure_has_a_history(run: Run) -> None:
    at = explorer("--vcpus 256")
    at.put("ext", "13")
    *_, chart, changes, back, history, scrolled = played(
        "",
        "down down down down down down down down",
        f"/ {' '.join('pte_list_desc.bytes.total')} enter",
        "s",
        "d",
        "escape",
        "h",
        "end",
        explored=at,
        size=(80, 40),
    )
    assert command(chart).startswith("ptelist sweep --ext 14,13 --")
    assert "● ext=14" in chart
    assert "○ ext=13" in chart
    assert re.search(r"┊ ext=13 saves from \d+ on", chart), "the break-even"
    assert "--delta" in command(changes)
    assert "● ext=13" in changes
    assert command(back).startswith("ptelist compare")
    assert command(history).endswith("--figure pte_list_desc.bytes.total")
    assert "5.15: kernel.pte_list_ext 3 -> 14" in history or "kernel 5." in history
    assert "change" not in history.splitlines()[-1]
    assert "assumptions:" in scrolled
    for screen in (chart, changes, history):
        _, *words = shlex.split(command(screen))
        assert run(*words).exit_code == 0


def test_a_name_that_is_longer_than_a_line_is_broken_between_its_words() -> None:
    _, refused = played("--proposal tdp-fewer-objects", f"{EXT} down 8 0 enter")
    assert "sets" in refused
    assert [
        line for line in refused.splitlines() if line.partition("│")[0].rstrip().endswith(("desc_", "list_", "pte_"))
    ]
    assert "capacity_tdp as" in left(refused)


def test_a_difference_that_no_command_tells_is_said_to_be_so() -> None:
    at = explorer("--vcpus 8")
    at.find("preset")
    assert at.put("preset", "nested")
    (screen,) = played("", explored=at)
    assert command(screen) == "ptelist where nested --vcpus 8"
    assert "not told by the command below: less or more" in screen


def test_what_is_pasted_is_typed() -> None:
    async def paste(pilot: Pilot[None]) -> None:
        from textual.events import Paste  # noqa: PLC0415 -- only where there is textual

        pilot.app.post_message(Paste("8\nGiB"))

    _, _, pasted, taken, _, box = played("", f"{EXT} down down down down down down down", paste, "enter", "/", paste)
    assert "8 GiB▏" in line_of(pasted, "memory  ")
    assert command(taken) == "ptelist compare --memory 4GiB,8GiB"
    assert "8 GiB▏" in box


def test_an_error_of_ours_ends_it_and_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    at = explorer("")
    monkeypatch.setattr(at, "step", lambda *_, **__: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        played("", "right", explored=at)


def test_levers_and_figures_are_found() -> None:
    _, box, lever, told, shown, derived, none = played(
        "",
        "/ w r i t t e n",
        "enter",
        "s",
        "/ s h a d o w _ p enter",
        f"/ {' '.join('pte_list_desc.slabs')} down up enter",
        "escape / x y z z enter",
    )
    assert "dirty-ring" not in box
    assert "written  lever: Memory written" in box
    assert "written: Memory written" in lever
    assert " it over" in told, "there is nothing to sweep it over"
    assert "shadow_pages.bytes: " in shown
    assert command(derived) == "ptelist explain pte_list_desc.slabs"
    assert "nothing has these words" in none


def test_the_mail_is_copied_and_all_is_written_in_any_format(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    copied: list[str] = []

    async def look(pilot: Pilot[None]) -> None:
        await press(pilot, "y")
        await settled(pilot)
        copied.append(pilot.app.clipboard)

    (tmp_path / "x.html").write_text("mine", encoding="utf-8")
    _, _, told, box, no_file, folder, _, written, _, _, _, kept, asked, again, replaced, no_rows, other = played(
        "--vcpus 256",
        f"{EXT} 2 enter",
        look,
        "w",
        "down down ctrl+u - enter",
        "ctrl+u f o l d e r enter",
        "ctrl+u m . m d enter",
        "w t enter",
        "h",
        "w",
        f"{'down ' * 12} up enter",
        "escape w x . h t m l enter escape",
        "w x . h t m l enter",
        "backspace l",
        "enter enter",
        "tab tab enter w a . c s v enter",
        "up enter",
    )
    words = ("compare", "--vcpus", "256", "--ext", "14,2")
    assert "copied, as a mail has it" in told
    assert copied == [run(*words).stdout]
    assert "ptelist.txt" in box
    assert '"-" is no file' in no_file
    assert '"folder" is no file' in folder
    assert "written: t" in written
    assert (tmp_path / "m.md").read_text(encoding="utf-8") == run(*words, "--format", "markdown").stdout
    assert (tmp_path / "t").read_text(encoding="utf-8") == run(*words).stdout
    assert (tmp_path / "ptelist.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert "$ ptelist compare" in kept
    assert '"x.html" is there already: Enter replaces it' in asked
    assert "is there already" not in again
    assert "written: x.html" in replaced
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "there is no csv of this" in no_rows
    assert "written: a.csv" in other


def test_a_file_that_is_there_stays_until_it_is_said_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ptelist.txt").write_text("mine", encoding="utf-8")
    played("", "w enter", "escape", "w enter x enter")
    assert (tmp_path / "ptelist.txt").read_text(encoding="utf-8") == "mine"


def test_the_mouse_moves_levers_and_opens_figures() -> None:
    async def arrow(pilot: Pilot[None]) -> None:
        await pilot.click("#levers", offset=(25, 4))  # the right one of ext

    async def other(pilot: Pilot[None]) -> None:
        await pilot.click("#levers", offset=(22, 4))

    async def value(pilot: Pilot[None]) -> None:
        await pilot.click("#levers", offset=(10, 5))
        await pilot.click("#levers", offset=(10, 5))

    async def figure(pilot: Pilot[None]) -> None:
        await pilot.click("#where", offset=(5, 2))
        await pilot.click("#where", offset=(5, 2))

    async def heading(pilot: Pilot[None]) -> None:
        await press(pilot, "escape")
        await settled(pilot)
        await pilot.click("#levers", offset=(1, 0))
        await pilot.click("#where", offset=(5, 17))

    _, more, less, typing, derived, nothing = played("--vcpus 256", arrow, other, value, figure, heading)
    assert "--ext 14,28" in command(more)
    assert command(less) == "ptelist where --vcpus 256"
    assert "40▏" in line_of(typing, "capacity")
    assert command(derived).startswith("ptelist explain vcpu_caches.bytes.pages")
    assert command(nothing) == "ptelist where --vcpus 256"


GOLDEN = Path(__file__).parent.parent / "golden"


def same(name: str, screen: str, *, update: bool) -> None:
    """Hold a screen against the file that keeps it."""
    path = GOLDEN / f"explore-{name}.txt"
    if update:
        path.write_text(f"{screen}\n", encoding="utf-8")
    assert f"{screen}\n" == path.read_text(encoding="utf-8")


def test_screens_as_text(update_golden: bool) -> None:
    """As they are looked at: `pytest --update-golden` writes them anew."""
    _, *screens = played(
        "--vcpus 256",
        f"{EXT} 2 enter down left left left",
        "tab tab enter",
        "escape escape down down down down s",
        "escape h",
        size=(120, 40),
    )
    for name, screen in zip(("levers", "difference", "sweep", "history"), screens, strict=True):
        same(f"{name}-120x40", screen, update=update_golden)


def test_it_fits_any_terminal(update_golden: bool) -> None:
    async def small(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(40, 16)

    async def large(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(140, 40)

    async def tiny(pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(12, 4)

    first, levers, figures, back, wide, _, again = played("--vcpus 256", small, "tab", "tab", large, tiny, large)
    assert "where the bytes are" in first
    assert "where the bytes are" not in levers
    assert "where the bytes are" in figures
    assert "capacity" not in figures
    assert "capacity" in back
    assert "45,964,704   43.8 MiB  100.0%" in wide
    assert again == wide
    same("levers-40x16", levers, update=update_golden)
    same("where-40x16", figures, update=update_golden)
    for screen, (width, height) in ((levers, (40, 16)), (wide, (140, 40))):
        assert len(screen.splitlines()) <= height
        assert max(map(len, screen.splitlines())) <= width


@pytest.mark.parametrize("keys", sampled(["", "h", "tab enter", "s", "w", "?", "/"], 3))
def test_no_terminal_is_too_small(keys: str) -> None:
    def to(width: int, height: int) -> Callable[[Pilot[None]], Awaitable[None]]:
        async def resize(pilot: Pilot[None]) -> None:
            await pilot.resize_terminal(width, height)

        return resize

    steps = [to(width, height) for width, height in ((5, 24), (1, 24), (0, 0), (80, 1), (3, 2), (80, 24))]
    _, before, *_, after = played("--vcpus 256", f"{EXT} {keys}", *steps)
    assert after == before


@pytest.mark.parametrize("keys", sampled(["", "w", "?", "s"], 3))
def test_sizes_that_come_at_once_do_not_bring_each_other_back(keys: str) -> None:
    """A screen that is laid out tells itself its size: of two, each would be laid out, and told, for ever."""

    async def twice(pilot: Pilot[None]) -> None:
        from textual.events import Resize  # noqa: PLC0415 -- only where there is textual
        from textual.geometry import Size  # noqa: PLC0415 -- as above

        screen, seen = pilot.app.screen, 0
        refresh = screen._refresh_layout

        def counted(size: Size | None = None, **more: bool) -> None:
            nonlocal seen
            seen += 1
            if seen > MOST_LAYOUTS:
                pilot.app.exit()
            refresh(size, **more)

        screen._refresh_layout = counted  # type: ignore[method-assign]
        for height in (25, 24, 25, 24):
            screen.post_message(Resize(Size(80, height), Size(80, height)))
            screen.call_later(lambda: None)
        await asyncio.sleep(0.5)
        assert seen <= MOST_LAYOUTS
        assert screen.size == pilot.app.size

    played("--vcpus 256", keys, twice)


def test_the_keys_are_shown_and_it_quits() -> None:
    _, keys, back = played("", "?", "escape")
    for key in KEYS:
        assert " ".join(key.about.split()[:3]) in keys
    assert "where the bytes are" in back
    played("", "q")


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.filter import NoColor  # noqa: PLC0415 -- only where there is textual

    from ptelist.explore.app import ExploreApp  # noqa: PLC0415 -- as above

    monkeypatch.setenv("NO_COLOR", "1")
    app = ExploreApp(explorer(""))
    assert any(isinstance(each, NoColor) for each in app._filters)


def test_a_step_accounts_for_where_it_leads_and_for_the_columns_of_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what takes time; how much beside a frame, tests/benchmarks tells."""
    at = explorer("--vcpus 256 --host server-256 --nested --memory 1TiB --vms 100")
    at.put("ext", "2")
    accounted = []

    def counted(scenario: Scenario) -> Ledger:
        accounted.append(scenario)
        return account(scenario)

    monkeypatch.setattr(ledgers, "account", counted)
    at.step("vcpus", up=True)
    results.main(at.pinned, at.here)
    figures.where(at.here, 18, 51)
    figures.difference(at.pinned, at.here, 51)
    at.undo()
    assert len(accounted) == 1 + 2
