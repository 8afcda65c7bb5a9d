"""A column of kernels that is not called so: known by its name or refused, never left out for a default in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

NAMES = (
    "os_kernel",
    "kernel_ver",
    "kernelVersion",
    "KernelRelease",
    "uname",
    "uname_r",
    "uname -r",
    "running_kernel",
    "linux kernel",
    "host_kernel",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hosts.csv"


def inventory(path: Path, name: str, *cells: str) -> Path:
    rows = "".join(f"h{number},{cell},64,4,16384,10\n" for number, cell in enumerate(cells))
    path.write_text(f"host,{name},cpus,vcpus,memory_mb,count\n{rows}", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_common_names_of_kernels_are_known(run: Run, path: Path, name: str) -> None:
    result = run("fleet", str(inventory(path, name, "6.1.0-28-amd64")), "--format", "json")
    data = json.loads(result.stdout)
    wanted = run("fleet", str(inventory(path, "kernel", "6.1.0-28-amd64")), "--format", "json")
    assert data["total"] == json.loads(wanted.stdout)["total"]
    assert data["total"]["hosts_assumed"] == 0
    assert any(f"--column kernel={name}" in note for note in data["assumptions"])


def test_the_hosts_kernel_is_not_that_of_others(run: Run, path: Path) -> None:
    path.write_text("host,host_kernel,uname_r,vcpus\na,6.1,6.18,4\n", encoding="utf-8")
    assert "--column kernel=host_kernel" in " ".join(run("fleet", str(path)).stdout.split())


@pytest.mark.parametrize(
    "cells",
    [
        ("6.1.0-28-amd64",),
        ("", "5.14.0-427.13.1.el9_4.x86_64"),
        ("3.10.0-1160.el7.x86_64",),
        ("6.8.0-45-generic", "6.1.55-acme3"),
    ],
)
def test_a_column_whose_cells_are_releases_is_named(run: Run, path: Path, cells: tuple[str, ...]) -> None:
    says = (
        ":1: no column kernel, but the cells of image read as releases: --column kernel=image takes it, --assume"
        " kernel=VERSION says the kernel of all hosts instead\n"
    )
    for more in ((), ("--by", "image"), ("--kernel", "6.1"), ("--keep-going",)):
        assert refused(run("fleet", str(inventory(path, "image", *cells)), *more)) == f"ptelist: {path}{says}"
    objects = [{"host": f"h{n}", "vms": [{"vcpus": 4, "image": cell}]} for n, cell in enumerate(cells)]
    path.write_text("".join(json.dumps(each) + "\n" for each in objects), encoding="utf-8")
    assert refused(run("fleet", str(path))) == f"ptelist: {path}{says}"


def test_bare_versions_are_kernels_by_the_name_of_their_column(run: Run, path: Path) -> None:
    """QEMU has a 7.0.0 as Linux has."""
    cells = ("7.0.0", "6.1.99")
    said = refused(run("fleet", str(inventory(path, "linux_image", *cells))))
    assert "the cells of linux_image read as releases: --column kernel=linux_image takes it" in said
    text = " ".join(run("fleet", str(inventory(path, "qemu_version", *cells))).stdout.split())
    assert "not used: qemu_version in" in text
    assert "not said: ASSUMED kernel=6.18 of all 2 hosts" in text


def test_it_is_taken_where_that_is_said(run: Run, path: Path) -> None:
    inventory(path, "image", "6.1.0-28-amd64")
    told = run("fleet", str(path), "--column", "kernel=image", "--format", "json")
    assert json.loads(told.stdout)["total"]["hosts_assumed"] == 0
    told = run("fleet", str(path), "--assume", "kernel=6.18", "--format", "json")
    assert json.loads(told.stdout)["total"]["hosts_assumed"] == 1


@pytest.mark.parametrize(
    "cells",
    [
        ("2.4", "3.1"),
        ("12.5",),
        ("5.10.0.7",),
        ("10.0.0",),
        ("8.2.1",),
        ("6.1.0-28-amd64", "none"),
        ("",),
        ("22.04.1",),
    ],
)
def test_other_numbers_are_no_kernels(run: Run, path: Path, cells: tuple[str, ...]) -> None:
    text = " ".join(run("fleet", str(inventory(path, "image", *cells))).stdout.split())
    assert "not used: image in" in text
    assert "not said: ASSUMED kernel=6.18 of" in text


def test_where_the_kernel_has_a_column_others_may_be_of_guests(run: Run, path: Path) -> None:
    path.write_text("host,kernel,image,vcpus\na,6.1,6.1.0-28-amd64,4\n", encoding="utf-8")
    assert run("fleet", str(path)).exit_code == 0


def test_two_such_columns_are_both_named(run: Run, path: Path) -> None:
    path.write_text("host,a,b,vcpus\nx,6.1.1-1-amd64,6.1.2-2-amd64,4\n", encoding="utf-8")
    text = refused(run("fleet", str(path)))
    assert "the cells of a or b read as releases: --column kernel=a or --column kernel=b takes it" in text


def test_a_damaged_first_row_is_told_as_it_would_be(run: Run, path: Path) -> None:
    path.write_text('host,a,vcpus\nx,"6.1.1,4\n', encoding="utf-8")
    assert f"{path}:2: not valid CSV" in refused(run("fleet", str(path)))
    path.write_text('{"host":"a","image":"none","vcpus":4}\n{"host"\n', encoding="utf-8")
    assert f"{path}:2: not valid JSON" in refused(run("fleet", str(path)))
