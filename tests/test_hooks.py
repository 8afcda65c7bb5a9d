"""The suite run from a hook of git's: what git says to the hook is about a repository that no test may touch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
COMMITTING = TESTS / "patch/test_patch.py::test_a_commit_that_grows_a_struct"
WHO = ("-c", "user.name=A U Thor", "-c", "user.email=author@example.com", "-c", "commit.gpgsign=false")


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_repository_of_a_hook_is_left_alone(tmp_path: Path) -> None:
    """Its branch had the commits of the tests' own trees."""

    def git(*words: str) -> str:
        done = subprocess.run(("git", *WHO, *words), cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
        return done.stdout

    git("init", "-q", "--template=", ".")
    git("commit", "-q", "--allow-empty", "-m", "first")
    known = git("log", "--all", "--format=%H")
    hook = {"GIT_DIR": str(tmp_path / ".git"), "GIT_INDEX_FILE": str(tmp_path / ".git/index"), "GIT_PREFIX": ""}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(COMMITTING)]
    done = subprocess.run(
        words, cwd=TESTS.parent, env=os.environ | hook, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout
    assert git("log", "--all", "--format=%H") == known
    assert not git("status", "--porcelain")
