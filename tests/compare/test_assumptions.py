"""What stands below a table: each sentence holds of every column, group of VMs and host it is printed for."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest
from builders import scenario as built
from helpers import scenario

from ptelist.compare.assumptions import _sized, assume
from ptelist.compare.clause import CPUS, MEMORY, SLABS, WORDS, touched
from ptelist.engine.account import account
from ptelist.output.note import shortened
from ptelist.scenario.overlay import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result
    from helpers import Option


def line(topic: str, *presets: str, **options: Option) -> str:
    """Return the one line about a topic."""
    notes = assume([scenario(*presets, **options)], by_preset=False)
    (found,) = (note for note in notes if note.topic == topic)
    return str(found)


def test_private_memory_is_told_and_leaves_no_memslots_of_smm() -> None:
    """kvm_arch_nr_memslot_as_ids(): one address space where there is private memory."""
    text = line("vm", private_memory="1GiB")
    assert "1 GiB of private memory" in text
    assert "SMM memslots" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("compare --nodes 2", "used by KVM only, on each node by itself: "),
        ("compare --nodes 2,4", "used by KVM only, on each node by itself: "),
        ("compare --nodes 1,2", "used by KVM only, where there are several nodes on each by itself: "),
    ],
)
def test_why_several_nodes_make_a_range_is_told(run: Callable[..., Result], words: str, said: str) -> None:
    told = " ".join(footer(run, words).split())
    assert f"{said}how the objects are split among nodes is not known, hence a range" in told


@pytest.mark.parametrize("words", ["--cpus 1,2", "--cpus 1 --nodes 2", "--figure memslots.bytes --nodes 2"])
def test_nodes_that_make_no_range_are_not_told(run: Callable[..., Result], words: str) -> None:
    """A node without a CPU has no slabs, and memslots depend on none."""
    assert "by itself" not in " ".join(footer(run, f"compare {words}").split())


def test_dirty_rings_are_told() -> None:
    assert "dirty rings of 4096 entries" in line("vm", dirty_ring=4096)


@pytest.mark.parametrize(
    ("release", "begins"),
    [
        ("6.18", "kernel: 6.18, checked against "),
        ("v6.18", "kernel: 6.18, checked against "),
        ("6.18.3", "kernel: 6.18.3, as 6.18, checked against "),
        ("6.8.0-45-generic=upstream", "kernel: 6.8.0-45-generic (Ubuntu), ASSUMED to be as 6.8, checked against "),
        ("6.8.1+deb13-amd64=6.6", "kernel: 6.8.1+deb13-amd64 (Debian), ASSUMED to be as 6.6, checked against "),
        ("6.12.3", "kernel: 6.12.3 of 6.12, checked against "),
        ("6.12.0-9-generic=6.12", "kernel: 6.12.0-9-generic (Ubuntu), ASSUMED to be as 6.12.118 of 6.12, checked"),
    ],
)
def test_a_release_is_told_with_what_its_figures_rest_on(release: str, begins: str) -> None:
    assert line("kernel", kernel=release).startswith(begins)


def test_what_is_unverified_is_told_of_kernels_that_differ_in_their_sources_alone() -> None:
    first = scenario(kernel="6.18")
    path = "kernel.pte_list_ext"
    doubted = first._replace(
        kernel=first.kernel._replace(), sources=first.sources | {path: Source("a guess", unverified=True)}
    )
    assert doubted.kernel == first.kernel
    told = f"UNVERIFIED {path}: a guess"
    assert told not in map(str, assume([first, first], by_preset=False))
    assert told in map(str, assume([first, doubted], by_preset=False))


def test_a_field_that_is_unverified_for_several_reasons_is_named_once() -> None:
    notes = assume([scenario(kernel="6.13"), scenario(kernel="6.14")], by_preset=True)
    whole = [note for note in notes if note.about == "kernel.vm_struct_bytes"]
    assert len(whole) == 2, "6.13 and 6.14 do not say the same of it"
    (note,) = (note for note in shortened(notes) if note.topic == "UNVERIFIED")
    assert note.text.split(", ").count("kernel.vm_struct_bytes") == 1


@pytest.mark.parametrize("said", ["-", "none"])
def test_no_debugging_can_be_said(said: str) -> None:
    """As the boot option slub_debug=- does, and as help and sensitivity show it."""
    assert line("host", slub_debug=said) == line("host")


def test_the_processor_is_told_where_figures_depend_on_it() -> None:
    """Memslots that KVM makes itself, dirty rings, huge pages that may not be executable."""
    assert line("host", memslots="q35").endswith("kvm_intel, no iTLB multihit")
    text = line("host", memslots="q35", vendor="amd", itlb_multihit=True)
    assert text.endswith("kvm_amd, iTLB multihit (huge pages are not executable)")
    assert line("host", memslots="q35", vendor="amd", set="host.avic=on", leaf="4K").endswith("kvm_amd with AVIC")
    text = line("host", memslots="q35", set="host.unrestricted_guest=off", leaf="4K")
    assert text.endswith("kvm_intel without unrestricted guests")
    plain = line("host", memslots="ram", leaf="4K")
    assert "kvm_" not in plain
    assert "iTLB" not in plain
    assert line("host", memslots="ram", leaf="4K", dirty_ring=1024) == f"{plain}, kvm_intel"


def test_groups_of_vms_are_told_apart() -> None:
    """Each of what is assumed of it alone, both of what they have in common."""
    text = line("mapping", vm="tdp+nested", memslots="q35")
    both, _, own = text.partition(", nested: ")
    assert both == "mapping: all memory mapped, contiguously, memslots of QEMU q35 with SeaBIOS, one root a tree"
    assert own.startswith("4..28 shadow pages, as a run told (shadow_tables)")
    assert own.endswith("default shadow-page limit")
    caches = line("caches", vm="nested+tdp")
    assert caches.startswith("caches: nested: used since the last top-up; how much is unknown, hence a range, ")
    assert caches.partition(", tdp: ")[0].endswith(" range, tables and descriptors were freed since")
    assert ", tdp: filled at each vCPU's first KVM_RUN" in caches


def test_groups_of_one_name_are_told_apart_by_their_number() -> None:
    vm = [{"populated": 1 << 20}, {"populated": 2 << 20}]
    (text,) = (note.text for note in assume([built(vm=vm)], by_preset=False) if note.topic == "mapping")
    assert "tdp (group 1): 1 MiB of memory touched, from 0 up" in text
    assert "tdp (group 2): 2 MiB of memory touched, from 0 up" in text


def test_groups_alike_are_told_once() -> None:
    assert line("mapping", vm="tdp+tdp") == line("mapping")
    assert line("caches", vm="tdp+tdp") == line("caches")


@pytest.mark.parametrize("by_preset", [False, True])
@pytest.mark.parametrize("order", ["", "reversed", "mixed"])
def test_of_vms_that_differ_in_size_alone_the_first_few_tell_all(
    monkeypatch: pytest.MonkeyPatch, by_preset: bool, order: str
) -> None:
    """Each way of mapping memory in a row of its own, or in turns; sizes of which some are the same."""
    sizes = [1, 1, 2, *range(1, 60)]
    kinds = [{}, {"leaf": "4K"}, {"leaf": "4K", "paging": "shadow"}, {"vcpus_run": 1}]
    vms = [{**kind, "vcpus": size, "count": 1 + size // 50} for kind in kinds for size in sizes]
    if order:
        vms = vms[::-1] if order == "reversed" else [vm for each in range(len(sizes)) for vm in vms[each :: len(sizes)]]
    found = [[built(vm=vm) for vm in vms[:count]] for count in (1, 2, 4, 5, 6, 60, len(vms))]
    found.append([built(vm=[{"vcpus": 2}, vm]) for vm in vms if "paging" not in vm])
    short = [assume(each, by_preset=by_preset) for each in found]
    monkeypatch.setattr("ptelist.compare.assumptions._Said.add_sized", lambda said, *of: said.add(_sized(*of)))
    assert [assume(each, by_preset=by_preset) for each in found] == short


# what stands below a table


def footer(run: Callable[..., Result], words: str, *more: str) -> str:
    text = run(*shlex.split(words), *more, columns=72).stdout
    return text[re.search(r"^(baseline|kernel|host): ", text, re.MULTILINE).start() : text.rindex("\n\n")]


@pytest.mark.parametrize(
    "words",
    [
        "compare --vcpus 256 --ext 2,14",
        "show --figure memslots.bytes",
        "where --memory 64GiB",
        "sweep --vcpus 1..4 --ext 2,14",
        "explain pte_list_desc.slabs",
    ],
)
def test_footers_are_short_unless_all_is_asked_for(run: Callable[..., Result], words: str) -> None:
    short, whole = footer(run, words), footer(run, words, "--assumptions")
    assert len(short.splitlines()) <= 9
    assert "--assumptions" in short
    assert "checked against" not in short
    assert "checked against" in whole
    assert "memslots of QEMU q35" in whole
    assert "more:" not in whole


def test_programs_are_told_all(run: Callable[..., Result]) -> None:
    data = json.loads(run("compare", "--ext", "2,14", "--format", "json").stdout)
    again = json.loads(run("compare", "--ext", "2,14", "--format", "json", "--assumptions").stdout)
    assert data["assumptions"] == again["assumptions"]
    assert any("memslots of QEMU q35" in text for text in data["assumptions"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("compare --memory 64GiB --ext 2,14", "64 GiB of 2M leaves"),
        ("compare --memory 4GiB,64GiB", "2M leaves"),
        ("compare --nested on", "nested (L2 has 1 GiB of 4K leaves)"),
        ("compare --nested off,on --memory 64GiB", "where nested, L2 has 1 GiB of 4K leaves"),
        ("where nested", "640 MiB of 2M leaves, TDP MMU, nested (L2 has 128 MiB of 4K leaves)"),
        ("sweep --vcpus 1..4 --figure mmu.bytes.total", "4 GiB of 2M leaves"),
        ("compare --dimms 2 --dimm-size 2GiB", "4 GiB of 2M leaves, 2 DIMMs of 2 GiB beside its memory, TDP MMU"),
        ("compare --dimms 1 --memory 1GiB,2GiB", "2M leaves, 1 DIMM of 1 GiB beside its memory, TDP MMU"),
        ("compare --dimms 2 --dimm-size 1GiB,2GiB", "2M leaves, 2 DIMMs beside its memory, TDP MMU"),
        ("compare --nested on --l2-memory 512MiB,1GiB", "L2 has 4K leaves"),
    ],
)
def test_leaves_are_told_where_they_matter(run: Callable[..., Result], words: str, said: str) -> None:
    assert said in " ".join(footer(run, words).split())


def test_what_bears_on_no_figure_shown_is_not_told(run: Callable[..., Result]) -> None:
    """Descriptors of a VM with the TDP MMU do not depend on its memory, nor memslots on the CPUs."""
    assert "GiB" not in footer(run, "compare --ext 2,14 --figure pte_list_desc.bytes.total")
    told = footer(run, "show --figure memslots.bytes.lpage_info")
    assert "host:" not in told
    assert "slabs:" not in told
    assert "4 GiB" in told


AXES_OF = {MEMORY: ("memory", ("4GiB", "8GiB")), CPUS: ("cpus", ("8", "512")), SLABS: ("filling", ("packed", "spread"))}


@pytest.mark.parametrize("about", AXES_OF)
@pytest.mark.parametrize("vm", ["tdp", "nested", "shadow"])
def test_what_is_not_told_has_no_bearing(about: str, vm: str) -> None:
    """A figure whose derivation has no word of a topic is the same whatever is said on the topic."""
    axis, values = AXES_OF[about]
    one, other = (account(scenario(vm, **{axis: value})) for value in values)
    for figure, term in one.items():
        if not WORDS[about] & touched((term, other[figure])):
            assert (term.low, term.high) == (other[figure].low, other[figure].high), figure
