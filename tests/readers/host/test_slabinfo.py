"""/proc/slabinfo: real rows, and what SLUB would not write."""

from __future__ import annotations

import re
import textwrap

import pytest
from machines import SLABINFO

from ptelist.errors import PtelistError
from ptelist.readers.host.slabinfo import SlabinfoRow, parse


def test_rows() -> None:
    assert parse(SLABINFO, "x").rows == {
        "kvm_mmu_page_header": SlabinfoRow(352, 352, 184, 22, 1, 16),
        "pid": SlabinfoRow(416, 416, 128, 32, 1, 13),
        "TCP": SlabinfoRow(12, 12, 2560, 12, 8, 1),
    }


def test_a_name_may_have_blanks() -> None:
    assert parse(SLABINFO.replace("TCP   ", "my cache 7"), "x").rows["my cache 7"] == SlabinfoRow(
        12, 12, 2560, 12, 8, 1
    )


def test_a_name_that_is_there_twice_is_two_caches_unless_all_of_it_is() -> None:
    row = SLABINFO.splitlines(keepends=True)[3]
    other = parse(SLABINFO + row.replace("416    416", "415    416"), "x")
    assert (list(other.rows), other.twice) == (["kvm_mmu_page_header", "pid", "TCP", "pid (line 6)"], 0)
    same = parse(SLABINFO + row.replace("   416", " 416") + row, "x")
    assert (same.rows, same.twice) == (parse(SLABINFO, "x").rows, 2)


def test_lines_that_a_mailer_wrapped_are_put_together() -> None:
    """At whatever column, quoted or not, the line of heads too."""
    whole = parse(SLABINFO, "x")
    text = SLABINFO.replace(
        "<limit> ...", "<limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>"
    )
    for width in (24, 40, 60, 72):
        for quote in ("", "> ", "> > "):
            wrapped = [
                f"{quote}{part}\n"
                for line in text.splitlines()
                for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [line]
            ]
            assert parse("".join(wrapped), "x") == whole, (width, quote)


def test_a_row_is_not_put_together_of_what_may_be_another() -> None:
    """A name that follows is a row of its own, and what has too many or too few numbers is none."""
    row = SLABINFO.splitlines()[3]
    cut = row[: row.index(": slabdata")]
    for text, line in (
        (f"{row}\n{cut}\n{row}\n", 2),
        (f"{row}\n{cut}\n0 : slabdata 1 1 0\n{row}\n", 2),
        (f"{row}\n{cut}\n: slabdata 1 1\n{row}\n", 2),
        (f"{row}\nsome words\n1 1 64 64 1 : tunables 0 0 0 : slabdata 1 1 0\n{row}\n", 2),
    ):
        with pytest.raises(PtelistError) as caught:
            parse(text, "x")
        assert str(caught.value).startswith(f"x:{line}: not a row of slabinfo")


def test_what_stands_beside_the_table_is_left_out_and_counted() -> None:
    mail = "Hi all,\n\nwe see this on 6.1:\n\n"
    found = parse(f"{mail}{SLABINFO}\nThanks,\nEve\n-- \n5 1 2\n", "x")
    assert found == parse(SLABINFO, "x")._replace(left_out=6)
    assert parse(f"{mail}{SLABINFO}-- \nEve\n", "x").left_out == 4
    rows = SLABINFO.partition("cache")[0] + SLABINFO.split("\n", 2)[2]
    assert parse(f"On Monday Eve wrote:\n{rows}", "x").left_out == 1


def test_a_long_line_is_looked_at_in_no_time() -> None:
    for line in ("1 " * 400_000 + "x", "a" + " " * 800_000 + "b"):
        assert parse(f"{line}\n{SLABINFO}", "x").left_out == 1


def test_many_lines_of_blanks_are_looked_at_in_no_time() -> None:
    """40 of these took 15 s: blanks that are shared out among columns, and joined lines tried one by one."""
    line = "1" + " " * 480 + "1" + " " * 480 + "1\n"
    assert parse(line * 1000 + SLABINFO, "x").left_out == 1000
    assert parse("1\n" * 400_000 + SLABINFO, "x").left_out == 400_000


def test_many_lines_of_heads_are_looked_at_in_no_time() -> None:
    """Each looked for the next one from the first line on."""
    assert parse("# name \n" * 600_000 + SLABINFO, "x") == parse(SLABINFO, "x")


def test_blanks_between_columns_are_as_many_as_there_are() -> None:
    assert parse(re.sub(" +", " ", SLABINFO), "x") == parse(SLABINFO, "x")
    assert parse(re.sub(" +", " " * 40, SLABINFO), "x") == parse(SLABINFO, "x")


def test_statistics_of_a_debug_kernel_are_passed_over() -> None:
    head, *rows = SLABINFO.splitlines()
    text = "\n".join([f"{head} (statistics)", *(f"{row} : globalstat 1 2" if row[0] != "#" else row for row in rows)])
    assert parse(text, "x") == parse(SLABINFO, "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x:1: not a copy of /proc/slabinfo"),
        ("hello\n", "x:1: not a copy of /proc/slabinfo"),
        (SLABINFO + "pid 1 2 3\n", 'x:6: not a row of slabinfo: "pid 1 2 3"'),
        (SLABINFO.replace("352    184", "352    -184"), "x:3: not a row of slabinfo"),
        (SLABINFO.replace("128   32", "128    0"), "x:4: pid: a slab has objects"),
        (
            SLABINFO.replace("tunables    0    0    0", "tunables  120   60    8"),
            "x:3: kvm_mmu_page_header has tunables",
        ),
    ],
)
def test_anything_else_is_named(text: str, message: str) -> None:
    with pytest.raises(PtelistError) as caught:
        parse(text, "x")
    assert str(caught.value).startswith(message)
