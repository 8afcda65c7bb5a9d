"""Levers: which ones matter, what is in force on each, and what comes next."""

from __future__ import annotations

import pytest

from ptelist.errors import PtelistError
from ptelist.explore.levers import USUAL, along, levers, onward
from ptelist.explore.place import Place, State, moved, stand
from ptelist.scenario.presets import shipped
from ptelist.settings.axes import AXES
from ptelist.settings.defaults import default


def place(*options: tuple[str, str], preset: str | None = None) -> Place:
    return stand(State(preset, options))


def texts(at: Place, *found: str) -> dict[str, str]:
    return {lever.axis.name: lever.text for lever in levers(at, found)}


def next_of(at: Place, name: str, *, up: bool, fine: bool = False) -> list[str]:
    found = (name,) if name in AXES else ()
    (lever,) = (each for each in levers(at, found) if each.axis.name == name)
    return list(onward(lever, at, up=up, fine=fine))


def test_what_is_in_force_is_what_help_says_is_the_default() -> None:
    shown = texts(place(), *AXES)
    for name in AXES:
        if said := default(name):
            at = shown[name].replace("GiB", " GiB")
            assert at == said or name == "slub-min-objects", name


def test_the_usual_levers_stand_by_their_part_and_those_without_effect_are_left_out() -> None:
    shown = [lever.axis for lever in levers(place())]
    assert [axis.part for axis in shown] == sorted((axis.part for axis in shown), key=["kernel", "host", "vm"].index)
    assert {axis.name for axis in shown} == {*USUAL} - {"peak-vms", "l2-memory", "l2-leaf"}
    assert {"l2-memory", "l2-leaf"} <= texts(place(("nested", "on"))).keys()
    assert "peak-vms" in texts(place(("filling", "aged")))


def test_what_is_typed_is_a_lever_too() -> None:
    at = place(("smm", "off"), ("set", "kernel.page_topup_min=4"), preset="nested")
    assert texts(at) | {"smm": "off", "kernel.page_topup_min": "4", "preset": "nested"} == texts(at)
    assert {lever.axis.name for lever in levers(at) if lever.typed} == {"smm", "kernel.page_topup_min", "preset"}


def test_vm_groups_that_differ_are_all_told() -> None:
    assert [vm.vcpus for vm in place(("vm", "tdp+large")).scenario.vms] == [4, 256]
    assert texts(place(("vm", "tdp+large")))["vcpus"] == "4/256"
    assert texts(place(("vm", "tdp+large"), ("vcpus", "8")))["vcpus"] == "8"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ((), "q35"),
        ((("memslots", "ram"),), "ram"),
        ((("vm", "nested-6.1-pc"),), "pc-nodefaults"),
        ((("vm", "tdp+nested-6.1-pc"),), "q35/pc-nodefaults"),
        ((("set", "vm.memslots=mine"),), "mine"),
    ],
)
def test_a_layout_of_memslots_is_told_as_it_is_typed(options: tuple[tuple[str, str], ...], text: str) -> None:
    assert texts(place(*options), "memslots")["memslots"] == text


def test_the_layout_in_force_typed_is_no_move() -> None:
    assert not moved(place(), place(("memslots", "q35")))
    (axis,) = moved(place(), place(("memslots", "ram")))
    assert place().label(axis) == "q35"
    assert next_of(place(), "memslots", up=True)[0] == "q35-ovmf", "the next one, not the first"


@pytest.mark.parametrize(
    ("name", "options", "less", "more"),
    [
        ("vcpus", (), "2", "8"),
        ("ext", (), "7", "28"),
        ("dimms", (), None, "1"),
        ("vms", (), "0", "2"),
        ("memory", (), "2GiB", "8GiB"),
        ("memory", (("memory", "0 B"),), None, "1GiB"),
        ("slub-min-order", (("slub-min-order", "1"),), "0", "2"),
        ("kernel", (), "6.17", "6.19"),
        ("kernel", (("kernel", "7.3"),), "7.2", None),
        ("kernel", (("kernel", "5.10"),), None, "5.11"),
        ("leaf", (), "4K", "1G"),
        ("leaf", (("leaf", "1G"),), "2M", "4K"),
        ("nested", (), "on", "on"),
        ("filling", (), "aged", "spread"),
        ("alloc-profiling", (), "on", "built"),
    ],
)
def test_the_next_value(name: str, options: tuple[tuple[str, str], ...], less: str | None, more: str | None) -> None:
    at = place(*options)
    assert next_of(at, name, up=False)[:1] == ([less] if less else [])
    assert next_of(at, name, up=True)[:1] == ([more] if more else [])


@pytest.mark.parametrize(
    ("name", "less", "more"), [("vcpus", "3", "5"), ("memory", "3GiB", "5GiB"), ("slub-min-order", None, "1")]
)
def test_by_one(name: str, less: str | None, more: str | None) -> None:
    assert next_of(place(), name, up=False, fine=True) == ([less] if less else [])
    assert next_of(place(), name, up=True, fine=True) == ([more] if more else [])


def test_all_words_come_after_each_other() -> None:
    assert next_of(place(), "proposal", up=True) == [
        *(names := shipped.names("proposals"))[names.index("none") + 1 :],
        *names[: names.index("none")],
    ]
    assert next_of(place(), "kernel", up=True) == [*(names := shipped.names("kernels"))[names.index("6.18") + 1 :]]


def test_what_is_neither_a_number_nor_a_word_has_no_next_value() -> None:
    assert next_of(place(), "slub-debug", up=True) == []
    assert next_of(place(("set", "vm.name=x")), "vm.name", up=True) == []
    assert next_of(place(), "kernel-from", up=True) == []


@pytest.mark.parametrize("name", [*AXES])
def test_a_place_has_all_values_that_a_lever_is_swept_over(name: str) -> None:
    at = place()
    (lever,) = (each for each in levers(at, (name,)) if each.axis.name == name)
    values = along(lever, at, at)
    assert len(values) == len(set(values))
    for value in values:
        stand(at.state.having(lever.axis, value))


def test_numbers_are_swept_as_far_as_a_search_between_them_goes() -> None:
    (vcpus,) = (each for each in levers(place(("vcpus", "256"))) if each.axis.name == "vcpus")
    assert along(vcpus, at := place(("vcpus", "256")), at) == ["8", "16", "32", "64", "128", "256", "512"]
    (memory,) = (each for each in levers(place()) if each.axis.name == "memory")
    assert along(memory, place(), place())[:4] == ["1GiB", "2GiB", "4GiB", "8GiB"]
    (capacity,) = (each for each in levers(place()) if each.axis.name == "capacity")
    assert along(capacity, place(), place())[:3] == ["14", "20", "40"], "10 is too small"


@pytest.mark.parametrize(
    ("name", "options", "up", "limit"),
    [("ext", (("ext", "3"),), False, "2"), ("capacity", (("capacity", "20"),), False, "14")],
)
def test_a_number_stops_at_its_limit(name: str, options: tuple[tuple[str, str], ...], up: bool, limit: str) -> None:
    assert next_of(place(*options), name, up=up) == [limit]


def test_several_values_are_told_by_their_option() -> None:
    with pytest.raises(PtelistError, match=r"^--ext: one value is wanted here$"):
        place(("ext", "2,14"))
