"""What a difference comes of: amounts add up, the largest first, down to the inputs that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exploring import examples
from helpers import ledger
from hypothesis import given
from test_difference import TERMS, B, opened

from ptelist.engine.difference import difference
from ptelist.engine.ledger import Op, Term, product, rule, total
from ptelist.engine.ledger import given as known
from ptelist.engine.waterfall import SAME, Step, waterfall

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDING = {Op.SUM, Op.PRODUCT, Op.CEIL_DIV, Op.FLOOR_DIV}


def walk(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from walk(part)


@examples(300)
@given(TERMS, TERMS)
def test_amounts_add_up_to_the_change_above(old: Term, new: Term) -> None:
    """Exactly where all are one number, else to what contains it."""
    for step in walk(waterfall(old, new)):
        amounts = [part.amount for part in step.parts]
        assert amounts == sorted(amounts, key=lambda ends: -max(map(abs, ends or SAME)))
        if not step.parts or step.old.op not in ADDING:
            continue
        low, high = sum(least for least, _ in amounts), sum(most for _, most in amounts)
        assert low <= step.change[0] <= step.change[1] <= high
        if all(part.exact for part in (*step.old.parts, *step.new.parts)):
            assert low == high == step.change[0]


@given(TERMS, TERMS)
def test_every_step_changes_something_but_the_first(old: Term, new: Term) -> None:
    first, *others = walk(waterfall(old, new))
    assert first.change == difference(old, new) == first.amount
    assert SAME not in [step.change for step in others]


def test_a_product_changes_factor_by_factor() -> None:
    old = product("p", B, known("slabs", 320, B, ""), known("bytes", 4096, B, ""))
    new = product("p", B, known("slabs", 80, B, ""), known("bytes", 8192, B, ""))
    steps = {step.name: (step.change, step.factor, step.amount) for step in waterfall(old, new).parts}
    assert steps == {
        "slabs": ((-240, -240), (8192, 8192), (-240 * 8192,) * 2),
        "bytes": ((4096, 4096), (320, 320), (320 * 4096,) * 2),
    }


def test_a_rule_has_causes_whose_amounts_are_open_unless_there_is_one() -> None:
    def made(a: int, b: int) -> Term:
        return rule("r", a * b, a * b, B, "a rule", known("a", a, B, ""), known("b", b, B, ""))

    assert [step.amount for step in waterfall(made(2, 3), made(4, 5)).parts] == [None, None]
    assert [step.amount for step in waterfall(made(2, 3), made(4, 3)).parts] == [(6, 6)]


def test_a_part_that_only_one_has_is_a_step() -> None:
    a, b = opened("a", 1, 2), opened("b", 5, 0)
    (step,) = waterfall(total("s", B, [a, b]), total("s", B, [a])).parts
    assert (step.name, step.old, step.new, step.amount) == ("b", b, None, (-5, -5))
    (step,) = waterfall(total("s", B, [a]), total("s", B, [a, b])).parts
    assert (step.name, step.old, step.new, step.amount) == ("b", None, b, (5, 5))


def test_it_ends_at_the_inputs_that_differ() -> None:
    old, new = (ledger(vcpus=256, ext=ext)["mmu.bytes.total"] for ext in (14, 2))
    inputs = {step.new.field for step in walk(waterfall(old, new)) if not step.parts and step.new}
    assert inputs == {"kernel.pte_list_ext"}
