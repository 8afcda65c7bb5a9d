"""pydantic's models of what models.py declares: for files that a user brings, and to say what is wrong with a value."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptelist.scenario.limits import Limits


def validated(record: type[NamedTuple], values: Mapping[str, Any]) -> Any:
    """Return a record of these values; raises pydantic's ValidationError, which tells all that is wrong."""
    return _recorded(record, model_of(record).model_validate(values))


@cache
def model_of(record: type[NamedTuple]) -> type[BaseModel]:
    """Return pydantic's model of a record: strict, closed and immutable."""
    fields: dict[str, Any] = {
        field: (_annotation(annotation), record._field_defaults.get(field, ...))
        for field, annotation in record.__annotations__.items()
    }
    config = ConfigDict(strict=True, extra="forbid", frozen=True)
    return create_model(record.__name__, __config__=config, **fields)


def _annotation(annotation: Any) -> Any:
    """Return how pydantic writes a type of models.py."""
    kind, arguments = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        inner, *limits = arguments
        if hasattr(inner, "_fields"):
            inner = Any  # a record that is read from another type: what reads it has checked it
        return Annotated[(_annotation(inner), *(each for own in limits for each in _metadata(own)))]
    if kind in {Union, UnionType}:
        return reduce(or_, map(_annotation, arguments))
    if kind in {tuple, dict}:
        return kind[tuple(map(_annotation, arguments))]
    if kind is Literal or not hasattr(annotation, "_fields"):
        return annotation
    known = BeforeValidator(lambda value: value._asdict() if isinstance(value, annotation) else value)
    return Annotated[model_of(annotation), known, AfterValidator(lambda model: _recorded(annotation, model))]


def _metadata(limits: Limits) -> Iterator[Any]:
    if limits.read:
        yield BeforeValidator(limits.read)
    yield Field(
        ge=limits.least,
        le=limits.most,
        multiple_of=limits.multiple_of,
        pattern=f"^{limits.pattern}$" if limits.pattern else None,
        min_length=limits.shortest,
    )


def _recorded(record: type[NamedTuple], model: BaseModel) -> Any:
    return record._make([getattr(model, field) for field in record._fields])
