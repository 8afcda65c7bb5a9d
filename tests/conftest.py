"""Options of the suite and what its files share."""

from __future__ import annotations

import gc
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from exploring import EVERYDAY
from hypothesis import settings

from ptelist.cli import main
from ptelist.gate import of_build
from ptelist.readers.builds import builds, profile, vm_structs
from ptelist.scenario.presets import shipped
from ptelist.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable

settings.load_profile(EVERYDAY)
gc.set_threshold(50_000, 20)  # a quarter of the time went into looking for garbage among tests and cached results

for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PTELIST_DEBUG", "TERM"):
    os.environ.pop(name, None)  # what a shell says of the output: a test that is about it says it itself
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]  # what git says to a hook: a test would commit into the repository whose hook runs it


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files and README figures anew")
    parser.addoption("--kernels", default="", help="kernels to boot in QEMU, such as 6.1,7.3 (tests/kernel)")
    parser.addoption("--moved-may-fail", action="store_true", help="tell of kernels that Debian replaced, do not fail")
    parser.addoption("--nested-qemu", default="", help="kernels to run a real QEMU in, as L1 (tests/kernel)")
    parser.addoption("--shuffle", metavar="SEED", help="run the files, and the tests of each, in a random order")
    parser.addoption("--record", action="store_true", help="write what they measure to tests/kernel/recorded")


SHARED = frozenset(("test_accuracy", "test_ground_truth", "test_readme", "test_recorded"))
"""Files that replay the same observations: one process of pytest-xdist does it for all of them."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give the tests of a file to one process, which so computes once what they share, and those of SHARED as well.

    That is what its marks are for (--dist loadgroup), which have no effect under pytest 9: it sets `_nodeid`.
    Files come in the order in which they stand, not those of most tests first: the last ones take seconds.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 -- where it is installed

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc, unused-ignore]  # where it is not installed
        def _split_scope(self, nodeid: str) -> str:
            file = Path(nodeid.partition("::")[0])
            return "shared" if file.stem in SHARED else str(file)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if seed := config.getoption("--shuffle"):
        chance = random.Random(seed)
        files = {path: chance.random() for path in dict.fromkeys(item.path for item in items)}
        chance.shuffle(items)
        items.sort(key=lambda item: files[item.path])


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


SEEN_FROM = [Path.cwd()]
FILES = (
    of_build.configuration,
    builds.once,
    builds._kernel,
    profile.overlay,
    vm_structs.whole,
    shipped.load,
    shipped._parsed,
    named.load,
)
"""What remembers files by the names that a command line gives them."""


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return a function that runs ptelist in this process.

    The same name in another folder is another file, as it is to a process of its own.
    """

    def call(*args: str, columns: int | None = None) -> Result:
        if (here := Path.cwd()) != SEEN_FROM[-1]:
            SEEN_FROM[:] = [here]
            for each in FILES:
                each.cache_clear()
        env = {"COLUMNS": str(columns) if columns else None}
        return CliRunner().invoke(main, list(args), env=env)

    return call
