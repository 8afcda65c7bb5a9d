"""Reading /proc and /sys: live, without rights, saved and read back."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import DESC, LINKS, MACHINE, WHOLE, Fake

from ptelist.errors import PtelistError
from ptelist.readers.host import paths
from ptelist.readers.host import snapshot as shot
from ptelist.readers.host.files import Live
from ptelist.readers.host.snapshot import Snapshot, parse, take

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_taken() -> None:
    found = take(Fake(WHOLE))
    assert found.unread == {}
    assert found.files[paths.SLABINFO] == MACHINE[paths.SLABINFO]
    assert found.slabs["pte_list_desc"] == {"link": ":A-0000128"}
    assert found.slabs[":A-0000128"] == DESC
    assert found.vms["812-11"] == {
        "vcpus": "4",
        "pages_4k": "4096",
        "pages_2m": "0",
        "pages_1g": "0",
        "max_mmu_rmap_size": "99",
        "mmu_shadow_zapped": "7",
    }


def test_only_telling_words_of_the_command_line_are_kept() -> None:
    """A saved observation is for a mail: what else the command line says is nobody's business."""
    assert take(Fake(WHOLE)).files[paths.CMDLINE] == "slub_max_order=3 kvm.tdp_mmu=1\n"


def test_real_files_read_the_same(tmp_path: Path) -> None:
    root = Fake(WHOLE).write(tmp_path)
    assert take(Live(root)) == take(Fake(WHOLE))


def test_a_real_sysctl_is_read() -> None:
    """Such a file gives nothing to who asks for 4 MiB at once."""
    assert Live().text(paths.RELEASE) == f"{platform.release()}\n"


def test_a_copy_of_sysfs_alone(tmp_path: Path) -> None:
    """`cp -r /sys/kernel/slab DIR`: only what lies there is read, nothing of this host."""
    Fake(WHOLE).write(tmp_path)
    found = take(Live(tmp_path / "sys/kernel/slab", paths.SLABS))
    assert found.slabs == take(Fake(WHOLE)).slabs
    assert (found.files, found.vms, found.unread) == ({}, {}, {})


def test_without_rights_links_and_reasons_are_left() -> None:
    """The attributes of a cache and slabinfo are root's; the directory is everyone's."""
    found = take(Fake(WHOLE, denied=(f"{paths.SLABS}/", paths.SLABINFO)))
    assert found.unread == {paths.SLABINFO: "Permission denied", f"{paths.SLABS}/*": "Permission denied"}
    assert found.slabs["pte_list_desc"] == {"link": ":A-0000128"}
    assert found.slabs["kvm_mmu_page_header"] == {}
    assert found.files[paths.RELEASE] == MACHINE[paths.RELEASE]


def test_a_directory_that_may_not_be_listed_is_named() -> None:
    class Closed(Fake):
        def names(self, path: str) -> list[str]:
            if path == paths.VMS:
                raise PermissionError(13, "Permission denied")
            return super().names(path)

    assert take(Closed(WHOLE)).unread == {paths.VMS: "Permission denied"}


def test_rmaps_stat_is_read_only_when_asked_for() -> None:
    """It takes mmu_lock for write."""
    path = f"{paths.VMS}/812-11/mmu_rmaps_stat"
    files = Fake(WHOLE | {path: "Rmap_Count:\t0\t1\n"})
    assert path not in take(files).files
    assert take(files, rmaps_stat=True).files[path] == "Rmap_Count:\t0\t1\n"


CELLS = st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Cs")), max_size=12).filter(lambda s: s != "-")
NAMES = st.text("abcXYZ_:-0123456789", min_size=1, max_size=12)
LINES = st.lists(CELLS.filter(lambda line: not line.startswith("==> ")), max_size=3).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@given(
    st.dictionaries(NAMES.map(lambda name: f"/proc/{name}"), LINES, max_size=3),
    st.dictionaries(NAMES, st.dictionaries(st.sampled_from(("link", *paths.ATTRIBUTES)), CELLS), max_size=4),
    st.dictionaries(NAMES, st.dictionaries(st.sampled_from(("vcpus", *paths.STATS)), CELLS), max_size=2),
    st.dictionaries(NAMES, CELLS, max_size=2),
)
def test_what_is_saved_reads_back(
    files: dict[str, str], slabs: shot.Table, vms: shot.Table, unread: dict[str, str]
) -> None:
    found = Snapshot(files, slabs, vms, unread)
    assert parse(found.render(), "x") == found


def test_saved_text_is_plain_and_stable() -> None:
    text = take(Fake(WHOLE)).render()
    assert text.isascii()
    assert text.endswith("\n")
    shuffled = Fake(dict(reversed(WHOLE.items())), dict(reversed(LINKS.items())))
    assert take(shuffled).render() == text


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda _: "", "not a whole observation"),
        (lambda _: "ptelist observation 1\n", 'the section "not read" is missing'),
        (lambda text: text.replace("observation 1", "observation 2", 1), 'its first line is "ptelist observation 1"'),
        (lambda text: text.removesuffix("\n") + "x", "not a whole observation"),
        (lambda text: text[: text.index("==> not read")], 'the section "not read" is missing'),
        (lambda text: text.replace("\t2560\t", "\t", 1), "cells, expected"),
    ],
)
def test_damage_is_one_clear_line(damage: object, message: str) -> None:
    assert callable(damage)
    with pytest.raises(PtelistError, match=message) as caught:
        parse(damage(take(Fake(WHOLE)).render()), "saved.txt")
    assert str(caught.value).startswith("saved.txt:")


def test_a_damaged_row_is_named_by_its_line() -> None:
    lines = take(Fake(WHOLE)).render().splitlines()
    (number,) = (number for number, line in enumerate(lines) if line.startswith("TCP\t"))
    lines[number] += "\tmore"
    with pytest.raises(PtelistError, match=rf"^saved\.txt:{number + 1}: TCP: "):
        parse("\n".join(lines) + "\n", "saved.txt")
