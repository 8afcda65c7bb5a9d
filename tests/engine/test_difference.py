"""The difference of two figures: sound for every resolution of what is open, exact where the cause is one number."""

from __future__ import annotations

from itertools import product as pairs

from builders import ledger as built
from helpers import ledger
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.difference import difference
from ptelist.engine.ledger import Term, Unit, rule, total
from ptelist.engine.ledger import given as known

B = Unit.BYTES


def opened(name: str, low: int, width: int) -> Term:
    return rule(name, low, low + width, B, "open")


ENDS = st.tuples(st.integers(0, 5), st.integers(0, 3))


@given(st.lists(st.tuples(ENDS, ENDS, st.booleans()), min_size=1, max_size=3))
def test_every_resolution_lies_within(parts: list[tuple[tuple[int, int], tuple[int, int], bool]]) -> None:
    """A part that is the same in both is one number in both, whichever; the others are any."""
    olds = [opened(f"part{n}", *old) for n, (old, _, _) in enumerate(parts)]
    news = [old if same else opened(old.name, *new) for old, (_, new, same) in zip(olds, parts, strict=True)]
    low, high = difference(total("sum", B, olds), total("sum", B, news))
    changes = []
    for old, new in zip(olds, news, strict=True):
        ends = pairs(range(old.low, old.high + 1), range(new.low, new.high + 1))
        changes.append({0} if old == new else {b - a for a, b in ends})
    found = {sum(each) for each in pairs(*changes)}
    assert (low, high) == (min(found), max(found))


def test_sums_of_other_parts_are_independent() -> None:
    old, new = total("sum", B, [opened("a", 0, 5)]), total("sum", B, [opened("b", 0, 5)])
    assert difference(old, new) == (-5, 5)
    assert difference(known("x", 3, B, "said"), known("x", 7, B, "said")) == (4, 4)


def test_the_total_changes_by_what_pte_list_desc_does() -> None:
    """Open tables and caches do not depend on PTE_LIST_EXT: they are open once."""
    for more in ({"dirty_log": True}, {"history": "any"}, {"memory": "64GiB"}):
        old, new = (ledger(vcpus=8, ext=ext, **more) for ext in (14, 2))
        name, part = "mmu.bytes.total", "pte_list_desc.bytes.total"
        assert not old[name].exact
        assert difference(old[name], new[name]) == difference(old[part], new[part])
        assert difference(old[part], new[part])[1] < 0


def test_what_a_figure_does_not_depend_on_changes_nothing() -> None:
    old, new = built(vm={"history": "any", "vcpus": 3}), built(vm={"history": "any", "vcpus": 3}, on_host={"cpus": 2})
    assert not old["vcpu_caches.bytes.pages"].exact
    assert difference(old["vcpu_caches.bytes.pages"], new["vcpu_caches.bytes.pages"]) == (0, 0)
