"""Allocations by call site, out of a trace that was made by hand."""

from __future__ import annotations

import pytest

from kernel.allocations import Allocated, parse

TRACE = """\
# tracer: nop
            init-1       [000] .....     5.100000: kmalloc: call_site=kvm_dev_ioctl+0x1/0x2 [kvm] ptr=00000000aa bytes_req=90 bytes_alloc=96 gfp_flags=GFP_KERNEL_ACCOUNT
            init-1       [000] .....     5.100001: <stack trace>
 => trace_event_raw_event_kmalloc
 => __kmalloc_noprof
 => kvm_dev_ioctl
 => __x64_sys_ioctl
            init-1       [000] .....     5.100002: mm_page_alloc: page=00000000bb pfn=0x12 order=1 migratetype=0 gfp_flags=GFP_KERNEL_ACCOUNT
            init-1       [000] .....     5.100003: <stack trace>
 => trace_event_raw_event_mm_page_alloc
 => __alloc_pages
 => svm_vcpu_create.part.0
            init-1       [000] .....     5.100004: kmem_cache_alloc: call_site=x ptr=00000000cc bytes_req=192 bytes_alloc=192 gfp_flags=GFP_KERNEL
            init-1       [000] .....     5.100005: <stack trace>
 => __d_alloc
            init-1       [000] .....     5.100006: tracing_mark_write: first
            init-1       [000] .....     5.100007: kfree: call_site=kvm_put_kvm+0x1/0x2 ptr=00000000aa
            init-1       [000] .....     5.100008: kfree: call_site=elsewhere+0x1/0x2 ptr=00000000dd
            init-1       [000] .....     5.100009: mm_page_free: page=00000000bb pfn=0x12 order=1
            init-1       [000] .....     5.100010: tracing_mark_write: second
            init-1       [000] .....     5.100011: tracing_mark_write: third
"""  # noqa: E501 -- as the kernel writes it


def test_each_step_has_what_it_took_and_freed() -> None:
    steps = parse(TRACE)
    assert steps["first"] == {("kvm_dev_ioctl", True): (1, 96), ("svm_vcpu_create", False): (1, 8192)}
    assert steps["second"] == {("kvm_dev_ioctl", True): (-1, -96), ("svm_vcpu_create", False): (-1, -8192)}
    assert steps["third"] == {}


def test_what_an_interrupt_frees_before_the_stack_is_written_does_not_get_it() -> None:
    event = "gfp_flags=GFP_KERNEL_ACCOUNT\n"
    freed = "  init-1  [000] ..s..     5.100001: kmem_cache_free: call_site=rcu_core+0x1/0x2 ptr=00000000ee\n"
    assert parse(TRACE.replace(event, event + freed)) == parse(TRACE)


def test_what_a_step_takes_and_frees_is_not_its_own() -> None:
    (only,) = parse(
        TRACE.replace("tracing_mark_write: first", "other: first").replace("_write: third", "_x: third")
    ).items()
    assert only == ("second", {})


def test_an_event_whose_stack_is_missing_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="nobody asked"):
        parse(TRACE.replace(" => kvm_dev_ioctl\n => __x64_sys_ioctl\n", ""))


def test_sums() -> None:
    assert Allocated(1, 2).more(3, -4) == (4, -2)
