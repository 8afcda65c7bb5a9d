"""A series in a tree of our own that make, gcc and pahole really build."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import small_kernel as small

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

TOOLS = ("git", "make", "gcc", "pahole")
MAKEFILE = """\
olddefconfig:
\t@mkdir -p include/config && cp VERSION include/config/kernel.release

%.o: %.c
\t$(CC) $(KCFLAGS) -c -o $@ $< && touch -d tomorrow $@
"""
"""What is built looks newer than what changes after it, as where a clock went back."""
TYPES = """\
typedef unsigned long long u64;
struct pte_list_desc { struct pte_list_desc *more; unsigned spte_count, tail_count; u64 *sptes[14]; };
struct kvm_rmap_head { unsigned long val; };
struct kvm_mmu_page { struct kvm_rmap_head parent_ptes; char rest[160]; };
struct pte_list_desc desc;
struct kvm_mmu_page page;
"""


@pytest.mark.skipif(missing := [tool for tool in TOOLS if not shutil.which(tool)], reason=f"not installed: {missing}")
def test_a_series_that_is_really_built(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Structs of ours with the names of the kernel's; flex and bison, which this does not need, are not real."""
    fakes = small.programs(tmp_path / "bin", monkeypatch)
    for name in ("make", "gcc", "pahole"):
        (fakes / name).unlink()
    tree = small.source(tmp_path / "linux", types=TYPES)
    small.write(tree, {"Makefile": MAKEFILE})
    small.git(tree, "init", "-q", ".")
    small.commit(tree, "Linux", {})
    grown = TYPES.replace("char rest[160];", "char rest[160]; void *rcu_head[2];")
    small.commit(tree, "KVM: x86/mmu: Protect it with RCU", {small.SOURCE: grown})
    shrunk = grown.replace("sptes[14]", "sptes[2]")
    small.commit(tree, "KVM: x86/mmu: Shrink pte_list_desc", {small.SOURCE: shrunk})
    result = run("patch", "HEAD~2..", "--tree", str(tree), "--format", "json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    page, desc = (patch["structs"] for patch in data["patches"])
    assert page == {
        "kvm_mmu_page": {
            "void *rcu_head[2]": {"before": None, "after": {"offset_bits": 1344, "width_bits": 128}},
            "sizeof": {"before": 168, "after": 184},
        }
    }
    assert desc["pte_list_desc"]["sizeof"] == {"before": 128, "after": 32}
    broken = small.commit(tree, "KVM: Break it", {small.SOURCE: "struct nothing;\nint x = y;\n"})
    said = run("patch", "HEAD", "--tree", str(tree)).stderr
    assert said.startswith(f"ptelist: {broken[:12]} cannot be built: make: {small.SOURCE}:2:9: error: ")
