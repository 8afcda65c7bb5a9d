"""Shipped presets as a Python module, which is loaded faster than 30 files of TOML are parsed: see .ci/wheel.py."""

from __future__ import annotations

from ptelist.scenario.presets.kinds import KINDS
from ptelist.scenario.presets.parse import toml
from ptelist.scenario.presets.shipped import names, root


def source() -> str:
    """Return the module's text: what every preset says, by kind and name."""
    files = {
        f"{kind}/{name}.toml": toml((root() / kind / f"{name}.toml").read_text(encoding="utf-8"), name)
        for kind in KINDS
        for name in names(kind)
    }
    return f'"""Made of preset_data when the package was built."""\n\nFILES = {files!r}\n'
