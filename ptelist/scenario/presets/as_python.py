"""Shipped presets as a Python module, which is loaded faster than 30 files of TOML are parsed: see .ci/wheel.py."""

from __future__ import annotations

from typing import Any

from ptelist.scenario import toml_lines
from ptelist.scenario.presets.kinds import KINDS
from ptelist.scenario.presets.parse import toml
from ptelist.scenario.presets.shipped import names, root


def source() -> str:
    """Return the module's text: what every preset says, by kind and name, and the lines of its keys."""
    files: dict[str, tuple[dict[str, Any], dict[str, int]]] = {}
    for kind in KINDS:
        for name in names(kind):
            label = f"{kind}/{name}.toml"
            text = (root() / label).read_text(encoding="utf-8")
            files[label] = toml(text, label), toml_lines.index(text)
    return f'"""Made of preset_data when the package was built."""\n\nFILES = {files!r}\n'
