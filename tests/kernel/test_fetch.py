"""Which of Debian's kernels is booted: one that was recorded while Debian has it, then the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel import fetch
from kernel.fetch import Kernel, choices

RELEASE = r"(?:6\.1\.0-\d+)-cloud-amd64"
IMAGE = ["linux-image-RELEASE"]


def image(number: int) -> str:
    return f"linux-image-6.1.0-{number}-cloud-amd64"


@pytest.mark.parametrize(
    ("kept", "first"),
    [([], 101), ([{image(56)}], 56), ([{image(56)}, {image(9)}], 56), ([{image(9)}], 9), ([{image(55)}], 101)],
)
def test_a_recorded_kernel_is_taken_while_there_is_one(kept: list[set[str]], first: int) -> None:
    known = {image(number) for number in (9, 56, 57, 101)} | {"linux-image-6.1.0-200-amd64"}
    assert choices(known, RELEASE, IMAGE, kept)[0] == [image(first)]


def test_a_kernel_has_all_its_packages() -> None:
    templates = ["linux-binary-RELEASE", "linux-modules-RELEASE"]
    known = {"linux-binary-7.3.4-x", "linux-binary-7.3.5-x", "linux-modules-7.3.4-x"}
    assert choices(known, r"7\.3\.\d+-x", templates, []) == [["linux-binary-7.3.4-x", "linux-modules-7.3.4-x"]]
    assert not choices(known, r"7\.3\.5-x", templates, [])


@pytest.mark.parametrize("series", fetch.SERIES)
def test_every_series_was_recorded(series: str) -> None:
    for packages in fetch.recorded(series):
        kernel = Kernel(series, "", dict.fromkeys(packages, ""), Path(), Path())
        assert not kernel.moved
        assert min(packages) in kernel._replace(packages={"linux-image-0": ""}).moved
    assert fetch.recorded(series)
