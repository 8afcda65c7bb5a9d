"""How many examples a property is tried on: the same ones every day, fresh and more of them where a run explores.

`pytest -m hypothesis --hypothesis-profile=nightly` explores; it prints how each failure is reproduced.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

EVERYDAY, NIGHTLY = "suite", "nightly"
MORE = 20
"""So many times the everyday examples are tried by a run that explores."""

settings.register_profile(EVERYDAY, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    NIGHTLY,
    deadline=None,
    derandomize=False,
    print_blob=True,
    max_examples=MORE * settings.get_profile(EVERYDAY).max_examples,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def examples(everyday: int, **others: Any) -> settings:
    """Return the settings of a property that is tried on so many examples every day."""
    more = settings().max_examples // settings.get_profile(EVERYDAY).max_examples
    return settings(max_examples=everyday * more, **others)
