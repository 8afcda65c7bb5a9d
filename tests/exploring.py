"""How many examples a property is tried on: the same ones every day, fresh and more of them where a run explores.

`pytest --hypothesis-profile=nightly` explores; it prints how each failure is reproduced. Cases that are many and slow
are sampled every day; all run there and with `--hypothesis-profile=whole`, as CI does with each change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

EVERYDAY, WHOLE, NIGHTLY = "suite", "whole", "nightly"
USUAL = 50
"""Examples that a property says without saying a number; those that say one say it in proportion."""
EVERY_DAY, AT_NIGHT = 30, 20 * USUAL
"""How many of the usual ones are tried every day and at night."""

settings.register_profile(EVERYDAY, max_examples=EVERY_DAY, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(WHOLE, settings.get_profile(EVERYDAY), max_examples=USUAL)
settings.register_profile(
    NIGHTLY,
    deadline=None,
    derandomize=False,
    print_blob=True,
    max_examples=AT_NIGHT,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def examples(usual: int, **others: Any) -> settings:
    """Return the settings of a property that is usually tried on so many examples."""
    return settings(max_examples=usual * settings().max_examples // USUAL, **others)


def sampled(cases: Sequence[T], every: int) -> Sequence[T]:
    """Return every so-manieth case, the first one among them; all of them in a whole run."""
    return cases if whole() else cases[::every]


def whole() -> bool:
    """Return whether nothing is left out that takes long."""
    return settings().max_examples >= USUAL


def all_boots() -> pytest.MarkDecorator:
    """Return the mark of a test that looks at all that was recorded at once."""
    return pytest.mark.skipif(not whole(), reason="replays each boot: --hypothesis-profile=whole")
