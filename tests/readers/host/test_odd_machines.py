"""Observations and copies that come from anyone: no other file is read, and no number or list is too long."""

from __future__ import annotations

import os
import shutil
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from machines import WHOLE, Fake, changed
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.readers.host import files, machine, paths, snapshot
from ptelist.readers.host.files import Live
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.versions import is_release

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "release", ["./k.toml", "./self", "running", "-", "k.toml", "6.1.toml", "6.1+a/../k.toml", "6.1.0" * 5000 + "/"]
)
def test_a_release_is_no_name_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    """What a machine calls its kernel is not looked for in this folder, nor is this machine meant by it."""
    monkeypatch.chdir(tmp_path)
    for name in ("k.toml", "6.1.toml"):
        Path(name).write_text('extends = "6.18"\n', encoding="utf-8")
    assert not is_release(release)
    with pytest.raises(PtelistError, match=r"^here: /proc/sys/kernel/osrelease: expected a release such as"):
        machine.kernel(snapshot.take(Fake(changed(RELEASE=f"{release}\n"))), "here")
    with pytest.raises(PtelistError, match=r"^expected a release such as"):
        shipped.profile_of(release)


@pytest.mark.parametrize("release", ["6.1", "6.1.0-56-amd64", "v6.8", "6.12.118+deb13-cloud-amd64", "7.3-rc2"])
def test_releases(release: str) -> None:
    assert is_release(release)


@pytest.mark.parametrize("path", ["PRESENT", "POSSIBLE", "ONLINE", "NODES"])
def test_lists_of_cpus_have_a_bound(path: str) -> None:
    """A thousand times 0-99999 took 4 GB."""
    taken = snapshot.take(Fake(changed(**{path: ",".join(["0-99999"] * 1000) + "\n"})))
    tracemalloc.start()
    with pytest.raises(PtelistError, match="more than 131,072 CPUs or nodes"):
        (machine.online if path == "ONLINE" else machine.host)(taken, "here")
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("number", [DIGITS, f"0x{'f' * 5000}", "0x" + "0" * 30, "\u0663x"])
def test_numbers_of_a_command_line(number: str) -> None:
    taken = snapshot.take(Fake(changed(CMDLINE=f"slub_min_order={number}\n")))
    with pytest.raises(PtelistError, match="slub_min_order: not a number"):
        machine.host(taken, "here")


@pytest.mark.parametrize("column", [*paths.ATTRIBUTES, *paths.STATS, paths.VCPUS, "slabinfo", "rmaps_stat"])
def test_counters_of_many_digits(run: Callable[..., Result], tmp_path: Path, column: str) -> None:
    """Refused, or not used; never an error of Python's."""
    taken = snapshot.take(Fake(WHOLE))
    for table in (taken.slabs, taken.vms):
        for cells in table.values():
            cells.update({column: DIGITS} if column in cells else {})
    if column == "slabinfo":
        text = taken.files[paths.SLABINFO]
        taken.files[paths.SLABINFO] = text.replace(text.splitlines()[2].split()[1], DIGITS, 1)
    if column == "rmaps_stat":
        (vm, *_) = taken.vms
        taken.files[f"{paths.VMS}/{vm}/{paths.RMAPS_STAT}"] = f"Rmap_Count: {'0' * 5000}\n"
    path = tmp_path / "observation"
    path.write_text(taken.render(), encoding="utf-8")
    for words in ((), ("--all-caches", "--format", "json")):
        result = run("observe", str(path), *words)
        assert result.exit_code in {0, 1} or refused(result)
        assert "internal error" not in result.output


def test_zeros_of_a_histogram(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "stat"
    shutil.copy(Path(__file__).parents[2] / "data/rmaps/3bcd0662d66f", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1].rsplit("\t", 1)[0] + "\t" + "0" * 5000]) + "\n", encoding="utf-8")
    assert "expected a number of lists" in refused(run("rmaps", str(path), "--kernel", "6.1"))


def test_a_copy_is_not_left(run: Callable[..., Result], tmp_path: Path) -> None:
    """A link in it is no reason to read, or to save, what it leads to; a pipe or a device none to wait."""
    secret = tmp_path / "secret"
    secret.write_text("4096\n", encoding="utf-8")
    copy = tmp_path / "slab"
    (copy / "pte_list_desc").mkdir(parents=True)
    for name in ("object_size", "slab_size"):
        (copy / "pte_list_desc" / name).write_text("128\n", encoding="utf-8")
    (copy / "pte_list_desc/objects").symlink_to(secret)
    (copy / "pte_list_desc/slabs").symlink_to("/dev/zero")
    (copy / "pte_list_desc/align").symlink_to("align")
    os.mkfifo(copy / "pte_list_desc/order")
    (copy / "elsewhere").symlink_to(tmp_path)
    (copy / "odd\nname").mkdir()
    os.mkdir(os.fsencode(copy) + b"/\xff")  # noqa: PTH102 -- bytes
    saved = tmp_path / "saved"
    run("observe", "--sysfs", str(copy), "--kernel", "6.18", "--host", "server-64", "--save", str(saved))
    found = snapshot.parse(saved.read_text(encoding="utf-8"), "saved")
    assert found.slabs == {
        "elsewhere": {paths.LINK: str(tmp_path)},
        "pte_list_desc": {"object_size": "128", "slab_size": "128"},
    }
    assert list(found.unread) == [f"{paths.SLABS}/*"]


@pytest.mark.parametrize("base", ["/", "/sys/kernel/slab"])
def test_what_is_read_of_a_machine_has_a_bound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base: str) -> None:
    monkeypatch.setattr(files, "MOST_BYTES", 1 << 10)
    (tmp_path / "large").write_bytes(bytes(2000))
    (tmp_path / "small").write_bytes(bytes(1 << 10))
    assert Live(tmp_path, base).data(f"{base}/small") == bytes(1 << 10)
    with pytest.raises(OSError, match="File too large"):
        Live(tmp_path, base).data(f"{base}/large")
