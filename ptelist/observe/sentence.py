"""Whether a host shows what was predicted, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import numbers, sentence

if TYPE_CHECKING:
    from ptelist.engine.interval import Interval
    from ptelist.observe.observation import Observation


def headline(observation: Observation) -> str:
    """Return that all figures agree, or those that differ."""
    caches = observation.all_caches
    held = [check for cache in caches for check in cache.checks if check.agrees is not None]
    if not held:
        return "This host shows no slab cache that could be held against the prediction."
    differing = [
        f"{cache.name}.{check.name} is {_said(check.measured)}, predicted {_said(check.predicted)}"
        for cache, check in observation.differing
    ]
    of = f"{sentence.plural(len(held), 'figure')} of {sentence.plural(len(caches), 'slab cache')}"
    if not differing:
        return f"This host agrees with the prediction: {of}."
    shown = "; ".join(differing[: sentence.MOST_NAMED])
    left = len(differing) - sentence.MOST_NAMED
    more = f"; {left} more below" if left > 0 else ""
    return f"This host differs from the prediction in {len(differing)} of {of}: {shown}{more}."


def _said(span: Interval | None) -> str:
    return numbers.interval(*span) if span else ""
