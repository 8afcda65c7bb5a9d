"""ptelist: what KVM's shadow-MMU structures cost in memory, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ptelist.compare.api import comparison, derivation, figures, preset_names
    from ptelist.errors import PtelistError
    from ptelist.output.version import __version__

__all__ = ["PtelistError", "__version__", "comparison", "derivation", "figures", "preset_names"]

ELSEWHERE = {"PtelistError": "ptelist.errors", "__version__": "ptelist.output.version"}
"""What is not in ptelist.compare.api."""


def __getattr__(name: str) -> Any:
    """Load what a notebook needs when it is used: the command line needs none of it."""
    from importlib import import_module  # noqa: PLC0415 -- not for the command line

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(ELSEWHERE.get(name, "ptelist.compare.api")), name)
