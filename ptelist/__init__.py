"""ptelist: what KVM's shadow-MMU structures cost in memory, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ptelist.api import comparison, derivation, figures, preset_names
    from ptelist.errors import PtelistError

__version__ = "0.1.0"
__all__ = ["PtelistError", "__version__", "comparison", "derivation", "figures", "preset_names"]


def __getattr__(name: str) -> Any:
    """Load what a notebook needs when it is used: the command line needs none of it."""
    from importlib import import_module  # noqa: PLC0415 -- not for the command line

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("ptelist.errors" if name == "PtelistError" else "ptelist.api"), name)
