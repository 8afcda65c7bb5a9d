"""Debian's kernels, booted in QEMU: every number measured is the one that ptelist predicts.

`pytest -m kernel --kernels 6.1,7.3`; with --record what was measured is written to recorded/.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from kernel import recording, suite
from kernel.boots import boots_of
from kernel.fetch import FetchError, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.kernel

TOOLS = ("qemu-system-x86_64", "gcc", "zstd", "apt-get", "dpkg")
SHOWN = 20


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    named = metafunc.config.getoption("--kernels")
    if named:
        cases = [(series, boot) for series in named.split(",") for boot in boots_of(series)]
    else:
        skip = pytest.mark.skip(reason="no kernel to boot: name some with --kernels 6.1,7.3")
        cases = [pytest.param("any", "boot", marks=skip)]
    metafunc.parametrize(("series", "boot"), cases)


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], recording.Run]]:
    """Return a function that returns what a boot gave; all that are asked for are under way by then."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    wanted: dict[str, list[str]] = {}
    for item in request.session.items:
        params = getattr(getattr(item, "callspec", None), "params", {})
        if "boot" in params:
            wanted.setdefault(params["series"], []).append(params["boot"])
    with suite.Boots() as boots:
        try:
            for series, names in wanted.items():
                boots.start(fetch(series), names)
        except FetchError as error:
            pytest.fail(str(error), pytrace=False)
        yield boots.result


def test_measured_is_predicted(
    series: str, boot: str, run: Callable[[str, str], recording.Run], request: pytest.FixtureRequest
) -> None:
    done = run(series, boot)
    if request.config.getoption("--record"):
        recording.record(boot, done)
    wrong = [f"{each.experiment}: {found}" for each in done.observed for found in each.differing(done.machine)]
    shown = "\n".join(wrong[:SHOWN])
    assert not wrong, f"kernel {series}, boot {boot}: {len(wrong)} of {done.observations} numbers differ:\n{shown}"
