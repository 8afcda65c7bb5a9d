"""Options of the suite and what its files share."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from exploring import EVERYDAY
from hypothesis import settings

from ptelist.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

settings.load_profile(EVERYDAY)

for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PTELIST_DEBUG", "TERM"):
    os.environ.pop(name, None)  # what a shell says of the output: a test that is about it says it itself


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files and README figures anew")
    parser.addoption("--kernels", default="", help="kernels to boot in QEMU, such as 6.1,7.3 (tests/kernel)")
    parser.addoption("--moved-may-fail", action="store_true", help="tell of kernels that Debian replaced, do not fail")
    parser.addoption("--nested-qemu", default="", help="kernels to run a real QEMU in, as L1 (tests/kernel)")
    parser.addoption("--shuffle", metavar="SEED", help="run the files, and the tests of each, in a random order")
    parser.addoption("--record", action="store_true", help="write what they measure to tests/kernel/recorded")


SHARED = frozenset(("test_accuracy", "test_ground_truth", "test_readme", "test_recorded"))
"""Files that replay the same observations: one process does it for all of them (pytest-xdist, --dist loadgroup)."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if seed := config.getoption("--shuffle"):
        chance = random.Random(seed)
        files = {path: chance.random() for path in dict.fromkeys(item.path for item in items)}
        chance.shuffle(items)
        items.sort(key=lambda item: files[item.path])
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if item.path.stem in SHARED:
                item.add_marker(pytest.mark.xdist_group("evidence"))


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return a function that runs ptelist in this process."""

    def call(*args: str, columns: int | None = None) -> Result:
        env = {"COLUMNS": str(columns) if columns else None}
        return CliRunner().invoke(main, list(args), env=env)

    return call
