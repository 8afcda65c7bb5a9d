"""A kernel tree of a few lines, and programs that build it: its one source file says what its types are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SOURCE, OBJECT = "arch/x86/kvm/mmu/mmu.c", "arch/x86/kvm/mmu/mmu.o"
CONFIG = "CONFIG_KVM=m\nCONFIG_MEMCG=y\nCONFIG_SLUB_CPU_PARTIAL=y\nCONFIG_WERROR=y\n"
TYPES = "ext = 14\nera = 'head'\npage = 168\nlocks = False\n"
"""Options of btf_writer.kernel."""

MAKE = """\
#!{python} -IS
import os, sys
def read(name):
    with open(name) as file:
        return file.read()
def write(name, text):
    with open(name, "w") as file:
        file.write(text)
config = os.environ.get("KCONFIG_CONFIG", ".config")
if sys.argv[-1] == "olddefconfig":
    said = read(".config").splitlines()
    off = {{line.split()[1] for line in said if line.endswith(" is not set")}}
    kept = [line for line in said if "=" in line and line.partition("=")[0] not in off]
    kept += read("Kconfig").splitlines() if os.path.exists("Kconfig") else []
    write(config, "\\n".join(dict.fromkeys(kept)) + "\\n")
    os.makedirs("include/config", exist_ok=True)
    write("include/config/kernel.release", read("VERSION"))
else:
    text = read("{source}")
    if "broken" in text:
        sys.exit("In file included from x:\\nmmu.c:3:1: error: expected ';'\\nmake: *** [mmu.o] Error 1")
    write("{object}", text)
"""
PAHOLE = """\
#!{python} -IS
import sys
options = {{}}
with open(sys.argv[-1]) as file:
    exec(file.read(), {{}}, options)
if options:
    sys.path.insert(0, {tests!r})
    import btf_writer
    with open(sys.argv[1].removeprefix("--btf_encode_detached="), "wb") as file:
        file.write(btf_writer.kernel(**options).blob())
"""
NOTHING = "#!/bin/sh\n"


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, *, only: bool = False) -> Path:
    """Put the programs that build before all others; `only`: instead of all others, for some to be missing."""
    folder.mkdir()
    words = {"python": sys.executable, "source": SOURCE, "object": OBJECT, "tests": str(Path(__file__).parents[1])}
    texts = {"make": MAKE.format(**words), "pahole": PAHOLE.format(**words)}
    for name in ("make", "pahole", "gcc", "flex", "bison"):
        file = folder / name
        file.write_text(texts.get(name, NOTHING), encoding="utf-8")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder) if only else f"{folder}:{os.environ['PATH']}")
    return folder


def source(folder: Path, types: str = TYPES, version: str = "6.18.2") -> Path:
    """Write plain source with a configuration."""
    write(folder, {SOURCE: types, "VERSION": version, ".gitignore": ".config\n"})
    (folder / ".config").write_text(CONFIG, encoding="utf-8")
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def git(folder: Path, *words: str) -> str:
    said = ("-c", "user.name=A U Thor", "-c", "user.email=author@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(("git", *said, *words), cwd=folder, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


def commit(folder: Path, title: str, files: dict[str, str], more: str = "") -> str:
    """Write files, commit all that changed, and return the hash."""
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", f"{title}\n\n{more}")
    return git(folder, "rev-parse", "HEAD").strip()


def tree(folder: Path, **said: str) -> Path:
    """Make a git work tree with one commit."""
    source(folder, **said)
    git(folder, "init", "-q", "--template=", "-b", "main", ".")
    commit(folder, "Linux", {})
    return folder


def mails(folder: Path, first: str) -> str:
    """Return the commits from one on as git format-patch mails them."""
    return git(folder, "format-patch", "--stdout", "--no-signature", first)


def mail(types: str, subject: str = "[PATCH] KVM: x86/mmu: Change it", message: str = "me@example.com") -> str:
    """Return a mail with a patch of the one source file."""
    old, new = ([f"{sign}{line}" for line in text.splitlines()] for sign, text in (("-", TYPES), ("+", types)))
    hunk = "\n".join((f"@@ -1,{len(old)} +1,{len(new)} @@", *old, *new))
    diff = f"diff --git a/{SOURCE} b/{SOURCE}\n--- a/{SOURCE}\n+++ b/{SOURCE}\n{hunk}\n"
    head = f"From: A U Thor <author@example.com>\nSubject: {subject}\n" + (
        f"Message-Id: <{message}>\n" if message else ""
    )
    return f"From 0000 Mon Sep 17 00:00:00 2001\n{head}\nWhy.\n---\n{diff}-- \n2.39.5\n\n"
