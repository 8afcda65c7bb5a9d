"""Files of the gate are checked as pydantic checks them, with the same declaration."""

from __future__ import annotations

from typing import Any

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ptelist.gate.baseline import Baseline, Entry
from ptelist.gate.budgets import Budget
from ptelist.scenario.check import checked
from ptelist.scenario.validate import validated

SCALARS = (None, True, 0, 1, -1, 1.5, 4096, "a", "4 MiB", "1 %", "baseline", "fail", "warn", "a\nb", "\udc80", "")
MEMBERS = {"sizeof": [8], "role": [0, 32]}
VALID: dict[type, dict[str, Any]] = {
    Budget: {"figure": ["a", "b"], "scenario": "one", "max": "4 MiB", "max_growth": "1 %", "message": "why"},
    Entry: {"inputs": {"kernel.version": "6.1"}, "figures": {"a": 1, "b": [1, 2]}, "assumptions": ["one"]},
    Baseline: {"version": "1", "scenarios": {}, "layouts": {"kvm_mmu_page": MEMBERS}},
}
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from(("sizeof", "role", "a", "\udc80")), inner, max_size=3)
    ),
    max_leaves=6,
)


def outcome(call: Any, *args: Any) -> Any:
    try:
        return call(*args)
    except (ValidationError, ValueError, KeyError):
        return None


@pytest.mark.parametrize("record", VALID, ids=lambda record: record.__name__)
def test_what_is_valid_is_read_as_pydantic_reads_it(record: Any) -> None:
    found = checked(record, VALID[record])
    assert found == validated(record, VALID[record])
    assert found.__class__ is record


@pytest.mark.parametrize("record", VALID, ids=lambda record: record.__name__)
@examples(150)
@given(data=st.data())
def test_what_pydantic_refuses_is_refused_and_nothing_else(record: Any, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from((*VALID[record], "severity", "other")))
    values = VALID[record] | {field: data.draw(VALUES)}
    assert outcome(checked, record, values) == outcome(validated, record, values)
