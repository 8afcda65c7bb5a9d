"""Rules of SLUB out of the slab caches of a machine whose kernel is a distribution's: those of the kernel that ran."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from machines import DESC, HEADER, WHOLE, Fake, slab

from ptelist.readers.host import paths
from ptelist.readers.host.snapshot import parse, take
from ptelist.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from ptelist.scenario.overlay import Fields

    Run = Callable[..., Result]

RECORDED = Path(__file__).parents[1] / "kernel/recorded"
STRANGER = "5.14.0-427.el9.x86_64"
BY_VERSION = ("slub_cpu_partial", "slub_cpu_partial_unit", "slub_sheaf_capacity", "slub_sheaves_per_cpu")
"""What a kernel changed since v5.10, and every recorded machine shows."""


def written(tmp_path: Path, name: str, release: str = STRANGER, **cells: dict[str, str]) -> str:
    """Write an observation that was recorded under another release, some caches otherwise; return its name."""
    path = RECORDED / f"{name}.observation"
    snapshot = parse(path.read_text(encoding="utf-8"), str(path))
    slabs = snapshot.slabs | {cache: snapshot.slabs[cache] | more for cache, more in cells.items()}
    files = snapshot.files | {paths.RELEASE: f"{release}\n"}
    file = tmp_path / f"{name.replace('/', '-')}-{len(cells)}.txt"
    file.write_text(snapshot._replace(files=files, slabs=slabs).render(), encoding="utf-8")
    return str(file)


def told(name: str) -> Fields:
    return {field: each for field, each in named.load(name, "kernels").overlay.kernel.items() if each.by_caches}


@pytest.mark.parametrize("machine", ["four-cpus", "merged", "present-128", "max-order-0", "debug-U"])
@pytest.mark.parametrize("version", ["5.10", "6.1", "6.12", "6.16", "6.18", "7.2", "7.3"])
def test_the_rules_are_those_of_the_kernel_that_ran(version: str, machine: str, tmp_path: Path) -> None:
    """Whatever kernel the release is mapped to; a field that is not told is as the mapped version has it."""
    known = named.load(version, "kernels").overlay.kernel
    mapped = named.load("5.14", "kernels").overlay.kernel
    host = written(tmp_path, f"{version}/{machine}")
    found = told(host)
    assert {field: each.value for field, each in found.items()} == {field: known[field].value for field in found}
    whole = named.load(host, "kernels").overlay.kernel
    if machine != "debug-U":  # where CPUs keep nothing of any cache, and there are no sheaves
        assert [whole[field].value for field in BY_VERSION] == [known[field].value for field in BY_VERSION]
    others = {field for field in whole if field.startswith("slub_")} - found.keys()
    assert {whole[field].provenance for field in others} == {mapped[field].provenance for field in others}


@pytest.mark.parametrize(("order", "objects", "form"), [("3", "2", "fixed"), ("2", "1", "loop")])
@pytest.mark.parametrize("mapped", ["5.14.0-427.el9.x86_64", "6.12.0-55.el10.x86_64"])
def test_a_form_of_calculate_order_is_told_where_a_cache_shows_it(
    tmp_path: Path, mapped: str, order: str, objects: str, form: str
) -> None:
    """Two objects of 11,008 bytes leave a third of 32 KiB: the newer form allows a half, the older only a quarter."""
    large = {"slab_size": "11008", "object_size": "11008", "order": order, "objs_per_slab": objects}
    found = told(written(tmp_path, "6.1/four-cpus", mapped, pte_list_desc=large))
    assert found["slub_order_form"].value == form
    assert len(found["slub_fractions"].value) == {"fixed": 4, "loop": 3}[form]
    assert "slub_order_form" not in told(written(tmp_path, "6.1/one-cpu-lists", mapped)), "all caches fit either"


def test_a_debian_kernel_is_taken_as_its_profile_says(tmp_path: Path) -> None:
    assert not told(written(tmp_path, "7.3/four-cpus", release="6.1.0-56-cloud-amd64"))


def test_what_a_field_rests_on_is_said(run: Run, tmp_path: Path) -> None:
    host = written(tmp_path, "7.3/four-cpus", pte_list_desc={"sheaf_capacity": "7"})
    source = told(host)["slub_sheaf_capacity"].source
    assert source == f"{host}: {paths.SLABS}: 266 of 267 caches are laid out so, as on 7.0; as on 5.14 2 are"
    text = " ".join(run("compare", "--kernel", host, "--vcpus", "8", "--assumptions").stdout.split())
    assert "ASSUMED to be as 5.14, but for 8 fields that its slab caches tell, checked against 5.14.2" in text
    assert "by its slab caches: slub_cpu_partial slub_cpu_partial_unit slub_sheaf_capacity" in text
    sheaves = run("show", "--kernel", host, "--figure", "beside.bytes.sheaves", "--format", "json")
    figure: dict[str, Any] = json.loads(sheaves.stdout)["configs"][0]["figures"]["beside.bytes.sheaves"]
    known = run("show", "--kernel", "7.3", "--figure", "beside.bytes.sheaves", "--format", "json")
    assert 0 < figure["low"] <= figure["high"]
    assert figure == json.loads(known.stdout)["configs"][0]["figures"]["beside.bytes.sheaves"]


def small(tmp_path: Path, files: dict[str, str]) -> str:
    file = tmp_path / "host.txt"
    file.write_text(take(Fake(files | {paths.RELEASE: f"{STRANGER}\n"})).render(), encoding="utf-8")
    return str(file)


def test_caches_that_fit_no_kernel_tell_nothing(tmp_path: Path) -> None:
    odd = {"cpu_partial": "7", "min_partial": "99", "order": "5", "sheaf_capacity": "3"}
    files = WHOLE | slab(":A-0000128", DESC | odd) | slab("kvm_mmu_page_header", HEADER | odd) | slab("TCP", DESC | odd)
    assert not told(small(tmp_path, files))


def test_a_machine_without_slab_caches_or_cpus_tells_nothing(tmp_path: Path) -> None:
    assert not told(small(tmp_path, {name: text for name, text in WHOLE.items() if paths.SLABS not in name}))
    without = tmp_path / "without"
    without.mkdir()
    assert not told(small(without, {name: text for name, text in WHOLE.items() if name != paths.PRESENT}))
