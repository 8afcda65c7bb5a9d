"""However a command ends, its processes end with it, and no half a file is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENDS = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGKILL: -9}
RESET = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
"""
"""What is ignored where tests run in the background, or under nohup, stays so unless it is said."""
IGNORE = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
SLEEPING = """
import os, sys, time
from pathlib import Path
from ptelist.__main__ import main
from ptelist.fleet import totals

def sleeping(*_):
    os.write(1, f"{os.getpid()}\\n".encode())  # at one stroke, whoever else writes
    time.sleep(60)

if "--processes" in sys.argv:
    totals._part = sleeping
else:
    Path.chmod = sleeping
main()
"""


def run(*words: str, first: str = "") -> subprocess.Popen[str]:
    script = RESET + first + SLEEPING
    return subprocess.Popen([sys.executable, "-c", script, *words], stdout=subprocess.PIPE, encoding="utf-8")


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", ENDS, ids=lambda how: how.name)
def test_no_process_is_left(tmp_path: Path, how: signal.Signals) -> None:
    inventory = tmp_path / "x.csv"
    inventory.write_text("host,vcpus\n" + "".join(f"h{n},{n}\n" for n in range(1, 700)), encoding="ascii")
    with run("fleet", str(inventory), "--processes", "2") as process:
        assert process.stdout
        workers = [int(process.stdout.readline()) for _ in range(2)]
        assert all(map(is_running, workers))
        process.send_signal(how)
        began = time.monotonic()
        assert process.wait(30) == ENDS[how]
        while any(map(is_running, workers)) and time.monotonic() - began < 10:
            time.sleep(0.01)
        assert not any(map(is_running, workers))
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda how: how.name)
def test_no_half_a_file_is_left(tmp_path: Path, how: signal.Signals) -> None:
    with run("compare", "-o", str(tmp_path / "out.txt")) as process:
        assert process.stdout
        assert int(process.stdout.readline()) == process.pid
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(how)
        assert process.wait(30) == ENDS[how]
    assert not list(tmp_path.iterdir())


def test_what_is_ignored_stays_so(tmp_path: Path) -> None:
    """As by nohup."""
    with run("compare", "-o", str(tmp_path / "out.txt"), first=IGNORE) as process:
        assert process.stdout
        assert process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 143
