"""How KVM's MMU and SLUB work on a kernel, answered by hand."""

from __future__ import annotations

from typing import Any

import pytest
from builders import GIB, ledger, scenario

from ptelist.engine import mmu, slub_parameters

L2 = {"nested": True, "l2_memory": GIB}


@pytest.mark.parametrize(
    ("kernel", "vm", "expected"),
    [
        ("5.10", {}, (True, False, False, True)),
        ("5.14", {}, (True, False, False, True)),
        ("5.15", {}, (True, False, False, True)),
        ("5.15.128", {}, (True, True, False, False)),
        ("5.15.129", {}, (True, False, False, True)),
        ("5.15.0-130-generic=5.15", {}, (True, False, False, True)),
        ("5.16", {}, (True, True, False, False)),
        ("7.3", {}, (True, True, False, False)),
        ("7.3", L2, (True, True, True, True)),
        ("7.3", {"paging": "tdp-legacy"}, (True, False, False, True)),
        ("5.10", {"paging": "tdp-mmu"}, (True, True, False, False)),
        ("7.3", {"paging": "shadow"}, (False, False, True, True)),
    ],
)
def test_what_paging_means(kernel: str, vm: dict[str, Any], expected: tuple[bool, ...]) -> None:
    """TDP, the TDP MMU, a shadow root, rmaps."""
    model = scenario(kernel, vm=vm)
    profile, group = model.kernel, model.vms[0]
    root, rmaps = mmu.shadow_root(profile, group), mmu.uses_rmaps(profile, group)
    assert (mmu.tdp(profile, group), mmu.tdp_mmu(profile, group), root, rmaps) == expected


@pytest.mark.parametrize(
    ("modules", "paging", "expected"),
    [
        ({"tdp_default": False}, "tdp", (False, False)),
        ({"tdp_default": True, "tdp_mmu_default": False}, "tdp", (True, False)),
        ({"tdp_default": False, "tdp_mmu_default": False}, "tdp-mmu", (True, True)),
        ({"tdp_default": False}, "tdp-legacy", (True, False)),
        ({"tdp_default": True}, "shadow", (False, False)),
    ],
)
def test_the_modules_decide_what_tdp_means(modules: dict[str, Any], paging: str, expected: tuple[bool, bool]) -> None:
    """A paging that says more than "tdp" is what-if: it overrules the modules' parameters."""
    model = scenario("6.18", on_kernel=modules, vm={"paging": paging})
    assert (mmu.tdp(model.kernel, model.vms[0]), mmu.tdp_mmu(model.kernel, model.vms[0])) == expected


def test_the_least_that_a_fault_may_need() -> None:
    """1 + PT64_ROOT_MAX_LEVEL 5 + PTE_PREFETCH_NUM 8."""
    assert mmu.desc_topup_min(scenario("7.3").kernel) == 14
    assert mmu.desc_topup_min(scenario("5.10", on_kernel={"pte_prefetch_num": 16}).kernel) == 22


@pytest.mark.parametrize("threshold", [1, 13, 1000])
def test_an_rmap_list_holds_one_more_than_the_threshold(threshold: int) -> None:
    """The add that finds more than the threshold empties the list, so one more is stable."""
    model = scenario("6.1", on_kernel={"rmap_recycle_threshold": threshold})
    assert mmu.rmap_cap(model.kernel) == threshold + 1


def test_the_cap_bounds_what_history_leaves() -> None:
    """Threshold 13: of at most 14 entries ever, in one descriptor of 14, three are still in one."""
    vm = {"paging": "shadow", "history": "any", "rmaps": ({"count": 1, "entries": 3},)}
    for threshold, most in ((13, 1), (14, 2), (28, 3)):
        figures = ledger("6.1", vm=vm, on_kernel={"rmap_recycle_threshold": threshold})
        assert figures["pte_list_desc.objects.rmaps"][1:3] == (1, most)


@pytest.mark.parametrize(
    ("kernel", "host", "expected"),
    [
        ("5.10", {}, ("loop", (16, 8, 4), 8, 0, 3, 4096, 32767)),
        ("6.6", {"cpus": 4}, ("loop", (16, 8, 4), 16, 0, 3, 4096, 32767)),
        ("6.8", {"slub_min_order": 1}, ("fixed", (16, 8, 4, 2), 8, 1, 3, 4096, 32767)),
        ("7.3", {"slub_min_objects": 77, "slub_max_order": 4}, ("fixed", (16, 8, 4, 2), 77, 0, 4, 4096, 32767)),
        ("7.3", {"slub_max_order": 0}, ("fixed", (16, 8, 4, 2), 8, 0, 0, 4096, 32767)),
    ],
)
def test_what_calculate_order_works_with(kernel: str, host: dict[str, Any], expected: tuple[Any, ...]) -> None:
    model = scenario(kernel, on_host=host)
    assert slub_parameters.order_rule(model.kernel, model.host) == expected


@pytest.mark.parametrize(
    ("on_kernel", "paging", "field", "ext_field"),
    [
        ({}, "tdp", "cache_capacity", "pte_list_ext"),
        ({"pte_list_desc_capacity": 14}, "tdp", "pte_list_desc_capacity", "pte_list_ext"),
        ({"pte_list_desc_capacity_tdp": 0}, "tdp", "pte_list_desc_capacity_tdp", "pte_list_ext"),
        ({"pte_list_desc_capacity_tdp": 0}, "shadow", "cache_capacity", "pte_list_ext"),
        ({"pte_list_ext_tdp": 2}, "tdp", "cache_capacity", "pte_list_ext_tdp"),
        ({"pte_list_ext_tdp": 2}, "shadow", "cache_capacity", "pte_list_ext"),
    ],
)
def test_which_field_is_in_force(on_kernel: dict[str, int], paging: str, field: str, ext_field: str) -> None:
    model = scenario(vm={"paging": paging}, on_kernel=on_kernel)
    assert mmu.desc_capacity_field(model.kernel, model.vms[0]) == field
    assert mmu.desc_capacity(model.kernel, model.vms[0]) == getattr(model.kernel, field)
    assert mmu.ext_field(model.kernel, model.vms[0]) == ext_field
    assert mmu.ext(model.kernel, model.vms[0]) == getattr(model.kernel, ext_field)
