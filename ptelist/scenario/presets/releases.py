"""Releases of kernels: the version in their number, and whose kernel it is by the mark that a distribution leaves."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

UPSTREAM, DEBIAN, UBUNTU, CANDIDATE, OTHER = "", "debian", "ubuntu", "rc", "other"
"""Of no distribution; of one whose trees the profiles were checked on; before a first release; of an unknown mark."""


class Release(NamedTuple):
    """What the name of a release says."""

    text: str
    series: str
    """Such as 6.1."""
    version: str
    """The upstream release in its number: 6.11.10, or 6.8 where a distribution counts for itself after the .0; a
    candidate has what the first release of its series has."""
    distribution: str = UPSTREAM
    """A word, such as rhel; empty for upstream."""
    mark: str = ""
    """What says so, such as el9_4; of Debian the flavour."""
    architecture: str = ""
    """Such as aarch64, if its name says that it is not of x86."""

    @property
    def is_direct(self) -> bool:
        """Return whether it is upstream's, or Debian's, which is a stable release with patches beside KVM and SLUB."""
        return self.distribution in {UPSTREAM, DEBIAN} and not self.architecture

    @property
    def owner(self) -> str:
        """Return whose kernel it is, for a sentence."""
        return OWNERS.get(self.distribution) or f'unknown mark "{self.mark}"'


OWNERS = {
    UPSTREAM: "upstream",
    DEBIAN: "Debian",
    "rhel": "RHEL or a rebuild",
    "uek": "Oracle UEK",
    "elrepo": "ELRepo",
    "amazon": "Amazon Linux",
    "fedora": "Fedora",
    "openeuler": "openEuler",
    "alibaba": "Alibaba Cloud Linux or Anolis",
    "azurelinux": "Azure Linux",
    "photon": "Photon OS",
    "suse": "SUSE",
    UBUNTU: "Ubuntu",
    "proxmox": "Proxmox VE",
    "arch": "Arch Linux",
    "alpine": "Alpine Linux",
    "gentoo": "Gentoo",
    "wsl": "WSL",
    "cos": "Container-Optimized OS or another changed tree",
    CANDIDATE: "a release candidate",
}

FLAVOURS = (
    "generic|generic-64k|lowlatency|lowlatency-64k|realtime|aws|aws-64k|azure|azure-fde|azure-nvidia|gcp|gcp-64k|gke"
    "|gkeop|ibm|ibm-gt|intel|intel-iotg|kvm|nvidia|nvidia-64k|oem|oracle|oracle-64k|raspi"
)
"""Of Ubuntu's kernels."""

DEBIAN_PORTS = "arm64|arm64-16k|armmp|armmp-lpae|s390x|powerpc64le|riscv64|loong64"
"""Flavours of its kernels for other architectures."""

MARKS = (
    ("uek", r".*\.el\d+(uek)(?!\w).*"),
    ("elrepo", r".*\.el\d+\.(elrepo)(?!\w).*"),
    ("rhel", r".*[.-](el\d+(?:_\d+)?)(?!\w).*"),
    ("amazon", r".*\.(amzn\d+)(?!\w).*"),
    ("fedora", r".*\.(fc\d+)(?!\w).*"),
    ("openeuler", r".*\.(oe\d+\w*).*"),
    ("alibaba", r".*\.(a[ln]\d+)(?!\w).*"),
    ("azurelinux", r".*\.(cm\d+|azl\d+)(?!\w).*"),
    ("photon", r".*[.-](ph\d+|photon)(?!\w).*"),
    ("suse", r".*-[\d.]+-(default|preempt|kvmsmall|longterm)"),
    ("suse", r".*-1\d{5}\.[\d.]+-(azure|rt)"),
    (CANDIDATE, r".*-(rc\d+).*"),
    ("proxmox", r".*-(pve)"),
    ("arch", r".*-(arch\d+|zen\d+|hardened\d+)(?!\w).*"),
    ("alpine", r"-0-(lts|virt)"),
    ("arch", r"-[1-9]\d*-(lts|rt|rt-lts)"),
    ("gentoo", r".*-(gentoo)(?!\w).*"),
    ("wsl", r".*-(microsoft)(?!\w).*"),
    (DEBIAN, rf"(?:-\d+|-0\.deb\d+\.\d+|\+deb[\d.u]+|\+bpo)?-((?:cloud-|rt-)?(?:amd64|{DEBIAN_PORTS}))(?:-unsigned)?"),
    (UBUNTU, rf"-\d+-((?:{FLAVOURS})(?:-fips)?|fips)"),
    (UBUNTU, r"(-\d\d+)"),
    ("cos", r"(\+)"),
)
"""The mark that a distribution leaves in what follows the number, the surest first; compiled when one is looked for."""

ARCHITECTURES = (
    r"aarch64|arm64|armhf|armmp|armv\d\w*|s390x|ppc64le|ppc64el|powerpc64le|riscv64|loongarch64|loong64|mips64\w*|64k"
)
"""Not of x86, as names of releases say it."""

PAGES = "64k"
"""In the place of an architecture: pages of 64 KiB, which aarch64 may have."""

NUMBER = r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?!\d)"


@lru_cache(4096)
def read(text: str) -> Release:
    """Return what a release's name says; raises ValueError for text that does not begin with a version."""
    number = re.match(NUMBER, text, re.ASCII)
    if number is None:
        raise ValueError(f"no release: {text[:40]}")
    series, stable, rest = f"{number[1]}.{number[2]}", int(number[3] or 0), text[number.end() :]
    version = f"{series}.{stable}" if stable or (number[3] and not rest) else series
    if not rest:
        return Release(text, series, version)
    found = re.search(rf"(?:^|[._+-])({ARCHITECTURES})(?![a-z0-9])", rest, re.ASCII)
    architecture = found[1].replace(PAGES, "aarch64") if found else ""
    for distribution, pattern in MARKS:
        mark = re.fullmatch(pattern, rest, re.ASCII)
        if mark and not (distribution == UBUNTU and stable):  # Ubuntu counts for itself after the .0
            version = f"{series}.0" if distribution == CANDIDATE else version
            return Release(text, series, version, distribution, mark[1].lstrip("-"), architecture)
    return Release(text, series, version, OTHER, rest.lstrip(".-+~_") or rest, architecture)
