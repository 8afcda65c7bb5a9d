# noqa: INP001 -- no package: hatchling loads it by its path
"""What the wheel has beside the package: man pages made of ptelist/docs, and presets written out as Python."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Beside(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own configuration class
    """Writes them into a folder that is there while the wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make each page, and name it among the wheel's shared data; write the presets out."""
        del version
        sys.path.insert(0, self.root)
        from ptelist.cli.man_pages import man_pages  # noqa: PLC0415 -- found only now
        from ptelist.scenario.presets.as_python import source  # noqa: PLC0415 -- as above

        self._folder = Path(tempfile.mkdtemp())
        for path, text in man_pages():
            file = self._folder / Path(path).name
            file.write_text(text, encoding="ascii")
            build_data["shared_data"][str(file)] = f"share/{path}"
        presets = self._folder / "built.py"
        presets.write_text(source(), encoding="utf-8")
        build_data["force_include"][str(presets)] = "ptelist/scenario/presets/built.py"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the folder."""
        del version, build_data, artifact_path
        shutil.rmtree(self._folder)
