"""The scripts of CI: what they install is what .ci/constraints.txt says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / ".ci"
SCRIPTS = ("build", "environments", "kernel", "run", "test")

PYTHON = """#!/bin/sh
# Makes an environment whose programs tell how they are run.
for folder; do :; done
mkdir -p "$folder/bin"
for name in pip pytest; do
  printf '#!/bin/sh\\necho %s "${PIP_CONSTRAINT-}" "${PIP_BUILD_CONSTRAINT-}" "$@"\\n' "$name" >"$folder/bin/$name"
  chmod +x "$folder/bin/$name"
done
"""


def test_what_builds_a_checkout_has_the_versions_of_the_constraints(tmp_path: Path) -> None:
    """An option of pip install does not reach the environment that it builds in: the newest hatchling was there."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(CI / "test", tmp_path / ".ci/test")
    python = tmp_path / "tools/python3"
    python.parent.mkdir()
    python.write_text(PYTHON, encoding="utf-8")
    python.chmod(0o755)
    env = {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [tmp_path / ".ci/test", ".", "-q"], env=env, capture_output=True, encoding="utf-8", check=True, cwd="/"
    )
    installed, tested = done.stdout.splitlines()
    constraints = f"{tmp_path}/.ci/constraints.txt"
    assert installed.startswith(f"pip {constraints} {constraints} install ")
    assert installed.endswith(" .[test,explore,parquet,dask]")
    assert tested.split() == ["pytest", "-n", "2", "--dist", "loadgroup", "-q"], "tests have no such variables"


def test_the_constraints_name_what_builds() -> None:
    assert "\nhatchling==" in (CI / "constraints.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    done = subprocess.run(["shellcheck", CI / name], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, "")
