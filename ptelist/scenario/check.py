"""Checks values by the declaration of their fields, without pydantic, which takes longer to load than an answer.

A check accepts what pydantic's model of the same declaration accepts, and returns the same.
What it refuses, pydantic has the words for: see scenario/validate.py. Files of ptelist.toml and of
baselines are declared and checked in the same way.
"""

from __future__ import annotations

import re
from functools import cache, reduce
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptelist.scenario.limits import Limits

    Check = Callable[[Any], Any]
    """Takes a value as it was read and returns it as the field has it; raises ValueError for one that no field has."""


def checked(record: type[NamedTuple], values: Mapping[str, Any]) -> Any:
    """Return a record of these values.

    Raises KeyError if a field is unknown or missing, ValueError if a value is not as its field was declared.
    """
    checks = checks_of(record)
    whole = record._field_defaults | {field: checks[field](value) for field, value in values.items()}
    return record._make([whole[field] for field in record._fields])


@cache
def checks_of(record: type[NamedTuple]) -> dict[str, Check]:
    """Return the check of each field that a record declares."""
    return {field: _check(annotation) for field, annotation in record.__annotations__.items()}


@cache
def _check(annotation: Any) -> Check:
    """Return what checks values of a type as models.py writes it."""
    kind, arguments = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return reduce(_within, arguments[1:], _check(arguments[0]))
    if kind in {Union, UnionType}:
        return _or_none(*(_check(argument) for argument in arguments if argument is not type(None)))
    if kind in GENERIC:
        return GENERIC[kind](arguments)
    if annotation is Any:
        return lambda value: value
    return _record(annotation) if hasattr(annotation, "_fields") else _of_type(annotation)


def _of_type(kind: type) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError
        if isinstance(value, str):
            value.encode()  # no half of a pair, as of a file name that is not UTF-8
        return value

    return check


def _one_of(values: tuple[Any, ...]) -> Check:
    def check(value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 -- as for every value that is refused
        return values[values.index(value)]  # 4 for 4.0

    return check


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _tuple(items: tuple[Any, ...]) -> Check:
    """Return what checks a tuple of so many items, each of its type, or (T, ...) any number of T."""
    checks = [_check(item) for item in items if item is not ...]

    def check(value: Any) -> Any:
        if type(value) is not tuple:
            raise ValueError
        each = checks * len(value) if items[-1] is ... else checks
        return tuple([one(item) for one, item in zip(each, value, strict=True)])

    return check


def _mapping(types: tuple[Any, ...]) -> Check:
    of_key, of_value = map(_check, types)

    def mapping(value: Any) -> Any:
        if type(value) is not dict:
            raise ValueError
        return {of_key(key): of_value(each) for key, each in value.items()}

    return mapping


GENERIC: dict[Any, Callable[[tuple[Any, ...]], Check]] = {Literal: _one_of, tuple: _tuple, dict: _mapping}


def _record(record: type[NamedTuple]) -> Check:
    def check(value: Any) -> Any:
        if type(value) is record:
            return value
        if type(value) is not dict:
            raise ValueError
        try:
            return checked(record, value)
        except KeyError:
            raise ValueError from None

    return check


def _within(check: Check, limits: Limits) -> Check:
    least, most, multiple_of, pattern, shortest, read = limits

    def limited(value: Any) -> Any:
        value = check(value if read is None else read(value))
        if (
            (least is not None and value < least)
            or (most is not None and value > most)
            or (multiple_of is not None and value % multiple_of)
            or (shortest is not None and len(value) < shortest)
            or (pattern is not None and not re.fullmatch(pattern, value))
        ):
            raise ValueError
        return value

    return limited
