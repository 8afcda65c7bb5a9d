"""What a cgroup's processes allocate, out of a trace that was made by hand."""

from __future__ import annotations

from kernel.charged import Taken, parse

BEGUN = "task_newtask: pid={} comm=x clone_flags=11 oom_score_adj=0"


def trace(*events: tuple[int, str, tuple[str, ...]]) -> str:
    """Return a trace as the kernel writes it: a process, what it did, and the functions that did so."""
    lines = ["# tracer: nop"]
    for number, (pid, words, stack) in enumerate(events):
        start = f"            any-{pid}       [000] ....."
        lines.append(f"{start}     5.{number:06}: {words}")
        if stack:
            lines.append(f"{start}     5.{number:06}: <stack trace>")
            lines += [f" => {frame}" for frame in stack]
    return "\n".join(lines)


def slab(pid: int, place: str, size: int, accounted: str = "true") -> tuple[int, str, tuple[str, ...]]:
    words = f"kmalloc: ptr={place} bytes_req=1 bytes_alloc={size} gfp_flags=GFP_KERNEL accounted={accounted}"
    return pid, words, ("__kmalloc", "kvm_dev_ioctl.part.0")


def mark(text: str) -> tuple[int, str, tuple[str, ...]]:
    return 1, f"tracing_mark_write: {text}", ()


def begins(pid: int, child: int) -> tuple[int, str, tuple[str, ...]]:
    return pid, BEGUN.format(child), ()


def test_the_probe_is_a_member_between_the_marks() -> None:
    text = trace(slab(1, "a", 8), mark("enter"), slab(1, "b", 16), mark("leave"), slab(1, "c", 32))
    assert parse(text) == {Taken(charged=True, what="slab", size=16, site="kvm_dev_ioctl"): 1}


def test_whom_a_member_begins_is_a_member_and_stays_one() -> None:
    text = trace(mark("enter"), begins(1, 7), mark("leave"), begins(7, 8), begins(1, 9), begins(2, 10))
    more = trace(*(slab(pid, f"at{pid}", pid) for pid in (7, 8, 9, 10, 2)))
    assert {taken.size for taken in parse(f"{text}\n{more}")} == {7, 8}


def test_what_anybody_frees_or_takes_anew_is_gone() -> None:
    made = (mark("enter"), slab(1, "a", 8), slab(1, "b", 16), slab(1, "c", 32), slab(1, "d", 32))
    text = trace(*made, (3, "kfree: call_site=x ptr=a", ()), slab(3, "b", 64))
    assert parse(text) == {Taken(charged=True, what="slab", size=32, site="kvm_dev_ioctl"): 2}


def test_what_is_charged_is_told_by_the_cache_or_the_request() -> None:
    pages = "mm_page_alloc: page=1 pfn={} order=1 migratetype=0 gfp_flags={}"
    text = trace(
        mark("enter"),
        slab(1, "a", 8, "false"),
        (1, pages.format(5, "GFP_KERNEL_ACCOUNT|__GFP_ZERO"), ("__alloc_pages", "svm_vcpu_create")),
        (1, pages.format(6, "GFP_KERNEL|__GFP_ACCOUNT"), ("__alloc_pages", "svm_vcpu_create")),
        (1, pages.format(7, "GFP_KERNEL"), ("__alloc_pages", "svm_vcpu_create")),
    )
    assert parse(text) == {
        Taken(charged=False, what="slab", size=8, site="kvm_dev_ioctl"): 1,
        Taken(charged=True, what="pages", size=8192, site="svm_vcpu_create"): 2,
        Taken(charged=False, what="pages", size=8192, site="svm_vcpu_create"): 1,
    }


def test_the_pages_of_a_large_kmalloc_count_once() -> None:
    pages = "mm_page_alloc: page=1 pfn=5 order=3 migratetype=0 gfp_flags=GFP_KERNEL_ACCOUNT"
    text = trace(mark("enter"), (1, pages, ("__alloc_pages", "___kmalloc_large_node", "kvm_ioapic_init")))
    assert parse(f"{text}\n{trace(slab(1, 'a', 32768))}") == {
        Taken(charged=True, what="slab", size=32768, site="kvm_dev_ioctl"): 1
    }
