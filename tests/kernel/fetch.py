"""Debian's kernels, downloaded and unpacked once: `python -m kernel.fetch 6.1 7.3` in tests/.

apt works on a state of its own in the cache folder; the system's is neither read nor written, but for the addresses of
its mirrors. apt checks signatures against the Debian keyring.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
TABLE = tomllib.loads((HERE / "kernels.toml").read_text(encoding="utf-8"))
SERIES: tuple[str, ...] = tuple(TABLE["series"])
"""Kernel versions, such as 6.1; of one with another flavour than the others, version-flavour."""
VERSIONS: tuple[str, ...] = tuple(dict.fromkeys(series.partition("-")[0] for series in SERIES))
RECORDED = HERE / "recorded"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRRORS = {False: "http://deb.debian.org/debian", True: "http://deb.debian.org/debian-security"}


class FetchError(Exception):
    """What is missing, in one line."""


class GoneError(FetchError):
    """Debian has no kernel of a series any more."""


class Kernel(NamedTuple):
    """One kernel, ready to boot."""

    series: str
    release: str
    packages: dict[str, str]
    """Name to version."""
    image: Path
    modules: Path

    @property
    def moved(self) -> str:
        """Return in whose place Debian has this one, if nothing was recorded of it."""
        kept = recorded(self.series)
        return "" if not kept or self.packages.keys() in kept else " or ".join(sorted(map(min, kept)))


def recorded(series: str) -> list[set[str]]:
    """Return the packages of the kernels that were booted and recorded."""
    found = []
    for path in sorted((RECORDED / series).glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            packages = set(json.loads(file.readline())["packages"])
        if packages not in found:
            found.append(packages)
    return found


def flavour(series: str) -> str:
    """Return which of Debian's configurations a series is built with."""
    found: str = TABLE["series"][series].get("flavour", TABLE["flavour"])
    return found


def cache() -> Path:
    """Return the folder for kernels: $PTELIST_KERNELS, or .ci/kernels in the checkout."""
    named = os.environ.get("PTELIST_KERNELS")
    return Path(named) if named else HERE.parents[1] / ".ci" / "kernels"


def fetch(series: str) -> Kernel:
    """Return the kernel of a series, downloaded if it is not in the cache."""
    if series not in TABLE["series"]:
        raise FetchError(f"unknown kernel series {series}; there are {', '.join(SERIES)}")
    folder = cache() / series
    if not (folder / "packages.json").exists():
        _download(series, folder)
    packages: dict[str, str] = json.loads((folder / "packages.json").read_text(encoding="utf-8"))
    image, amd = _one(folder, "vmlinuz*"), _one(folder, "kvm-amd.ko*")
    modules = next(parent for parent in amd.parents if parent.parent.name == "modules")
    return Kernel(series, modules.name, packages, image, modules)


def _one(folder: Path, pattern: str) -> Path:
    for path in sorted(folder.rglob(pattern)):
        return path
    raise FetchError(f"no {pattern} in the packages of kernel {folder.name}: remove {folder} to fetch it again")


def _download(series: str, folder: Path) -> None:
    source = TABLE["series"][series]
    apt = Apt(cache() / "apt" / series, source["suites"])
    packages = apt.packages(series, source["release"], source["packages"])
    parts = folder.with_suffix(".part")
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(parents=True)
    for name in packages:
        apt.run("apt-get", "download", name, folder=parts)
    for deb in sorted(parts.glob("*.deb")):
        run("dpkg", "-x", deb.name, ".", folder=parts)
        deb.unlink()
    (parts / "packages.json").write_text(json.dumps(packages, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    parts.rename(folder)


class Apt:
    """apt with its own sources, lists and cache."""

    def __init__(self, state: Path, suites: list[str]) -> None:
        """Set the state up for these suites and read their indexes."""
        if not KEYRING.exists():
            raise FetchError(f"{KEYRING} is missing: install debian-archive-keyring")
        for name in ("lists/partial", "cache/archives/partial"):
            (state / name).mkdir(parents=True, exist_ok=True)
        (state / "status").touch()
        lines = [f"deb [signed-by={KEYRING}] {_mirror(suite)} {suite} main\n" for suite in suites]
        (state / "sources.list").write_text("".join(lines), encoding="utf-8")
        options = {
            "APT::Architecture": "amd64",
            "APT::Sandbox::User": "",
            "Acquire::Languages": "none",
            "Dir::Cache": state / "cache",
            "Dir::Etc::sourcelist": state / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": state / "lists",
            "Dir::State::status": state / "status",
        }
        self._options = [f"-o{name}={value}" for name, value in options.items()]
        self.run("apt-get", "--error-on=any", "update")

    def run(self, tool: str, *args: str, folder: Path | None = None) -> str:
        """Return what the tool prints."""
        return run(tool, *self._options, *args, folder=folder)

    def packages(self, series: str, release: str, templates: list[str]) -> dict[str, str]:
        """Return names and versions of a kernel's packages. Raises GoneError if there are none."""
        known = set(self.run("apt-cache", "pkgnames", "linux-").split())
        for names in choices(known, f"(?:{release})-{flavour(series)}", templates, recorded(series)):
            return {name: self._version(name) for name in names}
        raise GoneError(f"the suites have no package {templates[0].replace('RELEASE', release)}")

    def _version(self, name: str) -> str:
        match = re.search(r"Candidate: (\S+)", self.run("apt-cache", "policy", name))
        if not match or match[1] == "(none)":
            raise FetchError(f"package {name} has no version that can be installed")
        return match[1]


def choices(known: set[str], release: str, templates: list[str], kept: list[set[str]]) -> list[list[str]]:
    """Return the packages of each release that has all of them: recorded ones first, then the newest first."""
    first, *others = (template.replace("RELEASE", "({})") for template in templates)
    pattern = re.compile(first.format(release))
    found = []
    for match in sorted(
        filter(None, map(pattern.fullmatch, known)), key=lambda match: _natural(match[1]), reverse=True
    ):
        names = [match[0], *(other.replace("({})", match[1]) for other in others)]
        if known.issuperset(names):
            found.append(names)
    return sorted(found, key=lambda names: set(names) not in kept)


def _natural(release: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", release))


def _mirror(suite: str) -> str:
    """Return the mirror that the system itself uses for main suites or for security, if it is Debian."""
    security = suite.endswith("-security")
    text = "".join(
        path.read_text(encoding="utf-8") for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))
    )
    for uri in re.findall(r"^URIs:\s*(\S+)", text, re.MULTILINE):
        if uri.rstrip("/").endswith("/debian-security" if security else "/debian"):
            return str(uri)
    return MIRRORS[security]


def run(*command: str, folder: Path | None = None) -> str:
    """Run a program and return its output; its last line of complaint is the error."""
    try:
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        raise FetchError(f"{command[0]} is not installed") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip() or "no message").splitlines()[-1]
        raise FetchError(f"{command[0]}: {last}") from None
    return done.stdout


def main() -> None:
    """Fetch the kernels named, or all."""
    for series in sys.argv[1:] or SERIES:
        try:
            found = fetch(series)
        except FetchError as error:
            sys.exit(str(error))
        print(found.series, found.release, *found.packages.values())


if __name__ == "__main__":
    main()
