# noqa: INP001 -- a program, no package
"""Prints an interpreter of a Python version, of this machine, else Debian's: .ci/interpreter.py 3.14 PATCHELF.

Debian's newest suite has the newest versions. Its packages are unpacked beside the kernels ($PTELIST_KERNELS or
.ci/kernels), with the C library that they need; patchelf lets the interpreter find that. Nothing is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from kernel.fetch import Apt, FetchError, cache, run

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITES = ["sid"]
LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
LOADER = Path("usr/lib64/ld-linux-x86-64.so.2")
SAYS = "import sys; print('%d.%d' % sys.version_info[:2])"


def of_this_machine(version: str) -> Iterator[Path]:
    """Yield what may be one: on the PATH, among the versions of pyenv or of uv."""
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    for folder in (".pyenv/versions", ".local/share/uv/python"):
        yield from sorted(Path.home().glob(f"{folder}/*{version}.*/bin/python{version}"))


def works(python: Path, version: str) -> bool:
    """Return whether it runs and is what its name says, which a shim need not be."""
    done = subprocess.run([python, "-c", SAYS], capture_output=True, encoding="utf-8", check=False)  # noqa: S603 -- ours
    return done.returncode == 0 and done.stdout.strip() == version


def of_debian(version: str, patchelf: str) -> Path:
    """Unpack Debian's once, and return it. Raises FetchError if Debian has none."""
    folder = cache().absolute() / f"python{version}"
    python = folder / f"usr/bin/python{version}"
    if not python.exists():
        apt = Apt(cache() / "apt" / "python", SUITES)
        plan = apt.run("apt-get", "--simulate", "--no-install-recommends", "install", f"python{version}")
        parts = folder.with_suffix(".part")
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir(parents=True)
        apt.run("apt-get", "download", *re.findall(r"^Inst (\S+)", plan, re.MULTILINE), folder=parts)
        for package in sorted(parts.glob("*.deb")):
            run("dpkg", "-x", package.name, ".", folder=parts)
            package.unlink()
        run(
            *(patchelf, "--set-interpreter", str(folder / LOADER)),
            *("--force-rpath", "--set-rpath", str(folder / LIBRARIES), str(parts / python.relative_to(folder))),
        )
        shutil.rmtree(folder, ignore_errors=True)
        parts.rename(folder)
    return python


def find(version: str, patchelf: str) -> Path:
    """Return the first that works. Raises FetchError that says why there is none."""
    for python in of_this_machine(version):
        if works(python, version):
            return python
    try:
        python = of_debian(version, patchelf)
    except FetchError as error:
        raise FetchError(f"not on this machine, nor to be had from Debian: {error}") from None
    if not works(python, version):
        raise FetchError("Debian's does not run here")
    return python


def main(version: str, patchelf: str) -> None:
    """Print its path, or end with one line."""
    try:
        sys.stdout.write(f"{find(version, patchelf)}\n")
    except FetchError as error:
        sys.exit(f"Python {version}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
