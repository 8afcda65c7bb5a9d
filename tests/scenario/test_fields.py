"""The check without pydantic accepts and refuses what pydantic's models do, and returns the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args, get_origin

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ptelist.scenario.check import checked
from ptelist.scenario.models import RECORDS, ListClass, Slot
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.kinds import KINDS
from ptelist.scenario.validate import validated
from ptelist.settings import named
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from ptelist.scenario.limits import Limits

DECLARED: dict[str, type[NamedTuple]] = {**RECORDS, "slot": Slot, "list": ListClass}
NESTED = expand(["nested"], []).columns[0].scenario
VM = NESTED.first_vm
WHOLE: dict[str, dict[str, Any]] = {
    part: record._asdict()
    for part, record in zip(
        DECLARED, (NESTED.kernel, NESTED.config, NESTED.host, VM, VM.slots[0], VM.rmaps[0]), strict=True
    )
}
"""Values of each record that are valid together."""
FIELDS = [(part, field) for part, record in DECLARED.items() for field in record._fields]
HOSTILE = (None, True, False, 0, -1, 1, 4096, 4096.0, 1 << 70, "", "a\n", "\x1b[0m", "\udc80", (), [], {}, ("a", 1))
TEXT = ("word", "4096", "4 GiB", "4 GB", "5000 B", "6.18", "6.18\n", "6", "FZ", "FX", "-", "none")


def near(annotation: Any) -> st.SearchStrategy[Any]:
    """Return values that a field may have, some that are one too small or too large, and some of other types."""
    kind, arguments = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return near(arguments[0]) | st.sampled_from([n for limits in arguments[1:] for n in edges(limits)] or [0])
    if kind is Literal:
        return st.sampled_from((*arguments, *map(str, arguments), *HOSTILE))
    if kind is tuple:
        any_number = st.lists(near(arguments[0]), max_size=3).map(tuple)
        return (any_number if arguments[-1] is ... else st.tuples(*map(near, arguments))) | st.sampled_from(HOSTILE)
    if annotation in DECLARED.values():
        part = next(part for part, record in DECLARED.items() if record is annotation)
        return st.just(annotation(**WHOLE[part])) | changed(part) | st.sampled_from(HOSTILE)
    if arguments:
        return st.one_of(*map(near, arguments))
    return st.integers() | st.sampled_from((*TEXT, *HOSTILE))


def edges(limits: Limits) -> list[int]:
    """Return whole numbers at the limits and one beside them."""
    ends = [end for end in (limits.least, limits.most) if end is not None]
    step = limits.multiple_of or 1
    return [end + more for end in ends for more in (-step, -1, 0, 1, step)]


@st.composite
def changed(draw: st.DrawFn, part: str) -> dict[str, Any]:
    """Return the fields of a valid record, one of them left out, changed or added."""
    field = draw(st.sampled_from(DECLARED[part]._fields))
    change = draw(st.sampled_from(({}, {field: draw(near(DECLARED[part].__annotations__[field]))}, {"other": 1})))
    return {name: value for name, value in WHOLE[part].items() if name != field} | change


def both(part: str, values: dict[str, Any]) -> tuple[Any, Any]:
    """Return what the check and pydantic make of values, None where they refuse them."""
    try:
        plain = checked(DECLARED[part], values)
    except (ValueError, KeyError):
        plain = None
    try:
        thorough = validated(DECLARED[part], values)
    except ValidationError:
        thorough = None
    return plain, thorough


def typed(value: Any) -> Any:
    """Return a value with the type of each part: True is not 1."""
    return (type(value), tuple(map(typed, value))) if isinstance(value, tuple) else (type(value), value)


@pytest.mark.parametrize(("part", "field"), FIELDS)
@examples(20)
@given(data=st.data())
def test_a_field_is_checked_as_pydantic_does(part: str, field: str, data: st.DataObject) -> None:
    value = data.draw(near(DECLARED[part].__annotations__[field]))
    plain, thorough = both(part, WHOLE[part] | {field: value})
    assert typed(plain) == typed(thorough)


@pytest.mark.parametrize("part", DECLARED)
@given(data=st.data())
def test_a_record_is_checked_as_pydantic_does(part: str, data: st.DataObject) -> None:
    plain, thorough = both(part, data.draw(changed(part)))
    assert typed(plain) == typed(thorough)


@pytest.mark.parametrize("part", DECLARED)
def test_a_field_that_is_missing_or_unknown_is_refused(part: str) -> None:
    required = DECLARED[part]._fields[0]
    assert both(part, {name: value for name, value in WHOLE[part].items() if name != required}) == (None, None)
    assert both(part, WHOLE[part] | {"other": 1}) == (None, None)


@pytest.mark.parametrize("name", [name for kind in KINDS for name in shipped.names(kind)])
def test_pydantic_accepts_every_shipped_preset(name: str) -> None:
    column = expand([name], []).columns[0].scenario
    for part in RECORDS:
        for record in column.vms if part == "vm" else [getattr(column, part)]:
            assert validated(RECORDS[part], record._asdict()) == record
    assert named.load(name).overlay
