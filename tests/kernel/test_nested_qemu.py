"""A real QEMU with KVM inside an emulated machine: at every mark the replay has what the slab counter said.

`.ci/kernel --nested-qemu 6.1 7.3`; half a minute to five minutes a case. With --record the traces are written to
tests/data/traces/nested, from which the presets nested-* are.
"""

from __future__ import annotations

import lzma
import shutil

import pytest
from test_nested import RUNS, replayed

from kernel import nested_qemu
from kernel.fetch import FetchError, fetch

pytestmark = pytest.mark.kernel


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    named = [name for name in metafunc.config.getoption("--nested-qemu").split(",") if name]
    if named:
        cases = [(series, case) for series in named for case in nested_qemu.CASES]
    else:
        why = "takes minutes: name kernels with --nested-qemu 6.1,7.3"
        cases = [pytest.param("any", "case", marks=pytest.mark.skip(reason=why))]
    metafunc.parametrize(("series", "case"), cases)


def test_a_nested_boot_is_replayed(series: str, case: str, request: pytest.FixtureRequest) -> None:
    missing = [tool for tool in nested_qemu.TOOLS if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    try:
        done = nested_qemu.run(fetch(series), case)
    except (FetchError, nested_qemu.NestedError) as error:
        pytest.fail(str(error), pytrace=False)
    folder = RUNS if request.config.getoption("--record") else request.getfixturevalue("tmp_path")
    path = folder / f"{series}-{case}.trace.xz"
    path.write_bytes(lzma.compress(done.trace.encode()))
    found = replayed(path, series)
    assert found["exact"]
    marks = found["marks"]
    assert [mark["held"][0] for mark in marks] == [int(mark["text"].split()[0][len("held=") :]) for mark in marks]
    assert any(mark["text"].endswith("-reached") for mark in marks)
