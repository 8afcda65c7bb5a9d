"""What a wheel has of its presets, written out as Python, is what their files say."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.as_python import source
from ptelist.scenario.presets.kinds import KINDS

NAMES = [(kind, name) for kind in KINDS for name in shipped.names(kind)]
CACHED = (shipped.load, shipped._parsed)


@pytest.fixture(scope="module")
def files() -> dict[str, tuple[dict[str, Any], dict[str, int]]]:
    """Return what the module says that a build writes."""
    module: dict[str, Any] = {}
    exec(source(), module)  # as an import does
    found: dict[str, tuple[dict[str, Any], dict[str, int]]] = module["FILES"]
    return found


def told(kind: str, name: str) -> object:
    """Return all of a preset, each field with the line that says it."""
    preset = shipped.load(name, kind)
    parts = [preset.overlay.kernel, preset.overlay.config, preset.overlay.host, *preset.overlay.groups()]
    fields = [
        (field, each.value, each.source, each.unverified, str(each.origin.at(each.path)))
        for part in parts
        for field, each in part.items()
    ]
    return preset.name, preset.about, fields, [variant[:2] for variant in preset.variants]


def test_it_says_what_the_files_say(files: dict[str, tuple[dict[str, Any], Any]]) -> None:
    assert list(files) == [f"{kind}/{name}.toml" for kind, name in NAMES]
    for label, (data, _) in files.items():
        assert data == tomllib.loads((shipped.root() / label).read_text(encoding="utf-8"))


def test_presets_are_the_same_with_it(
    files: dict[str, tuple[dict[str, Any], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = [told(*each) for each in NAMES]
    monkeypatch.setattr(shipped, "built", lambda: files)
    for cached in CACHED:
        cached.cache_clear()
    try:
        assert [told(*each) for each in NAMES] == plain
    finally:
        for cached in CACHED:
            cached.cache_clear()
