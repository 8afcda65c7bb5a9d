"""A saved observation has what the kernel's own types say of its profile, and every command takes it from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import btf_writer
import pytest
from machines import WHOLE, Fake

from ptelist.readers.builds import images, profile
from ptelist.readers.builds.builds import once
from ptelist.readers.host import paths, types
from ptelist.readers.host.snapshot import parse, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

GROWN = Path(__file__).parents[1] / "data/btf/6.18-grown"
"""Types of a kernel whose descriptors have 8 bytes more than those of v6.18."""
WORDS = ("--kernel", "6.18", "--host", "laptop")


@pytest.fixture
def btf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where this machine has its types; it is empty."""
    folder = tmp_path / "btf"
    folder.mkdir()
    monkeypatch.setattr(images, "BTF_FOLDER", str(folder))
    return folder


def saved(tmp_path: Path, text: str) -> str:
    """Return an observation of a machine of v6.18 with this section."""
    snapshot = take(Fake(WHOLE | {paths.RELEASE: "6.18.15\n"}))
    snapshot.files[paths.TYPES] = text
    file = tmp_path / "host.txt"
    file.write_text(snapshot.render(), encoding="utf-8")
    return str(file)


def size(run: Run, *words: str) -> int:
    result = run("show", "--figure", "pte_list_desc.size", *words, "--format", "json")
    assert result.exit_code == 0, result.output
    span = json.loads(result.stdout)["configs"][0]["figures"]["pte_list_desc.size"]
    assert span["low"] == span["high"]
    return int(span["low"])


@pytest.mark.parametrize("name", ["kvm", "vmlinux"])
def test_saving_this_machine_keeps_what_its_types_say(run: Run, btf: Path, tmp_path: Path, name: str) -> None:
    (btf / name).write_bytes(GROWN.read_bytes())
    file = tmp_path / "here.txt"
    assert run("observe", *WORDS, "--save", str(file)).exit_code in {0, 1}
    text = parse(file.read_text(encoding="utf-8"), "x").files[paths.TYPES]
    said = profile.said(once(str(GROWN))).kernel
    found = types.parse(text, "x")
    assert {field: each.value for field, each in found.items()} == {
        field: each.value for field, each in said.items() if field not in {"tree", "release"}
    }
    assert found["pte_list_desc_fixed_bytes"].struct == "pte_list_desc"


def test_they_lie_over_the_profile_of_the_version(run: Run, tmp_path: Path) -> None:
    said = types.render(profile.said(once(str(GROWN))).kernel)
    host = saved(tmp_path, said)
    assert (size(run, "--kernel", "6.18"), size(run, "--kernel", host)) == (128, 136)
    derived = " ".join(run("explain", "pte_list_desc.size", "--kernel", host).stdout.split())
    assert f"{host}: struct pte_list_desc: 136 bytes, u64 *sptes[14]" in derived.replace("| ", "")
    assumed = " ".join(run("show", "--kernel", host, "--assumptions").stdout.split())
    assert f"layouts of {host}" in assumed


def test_a_machine_without_types_is_saved_as_before(run: Run, btf: Path, tmp_path: Path) -> None:
    assert not [*btf.iterdir()]
    file = tmp_path / "here.txt"
    run("observe", *WORDS, "--save", str(file))
    assert paths.TYPES not in file.read_text(encoding="utf-8")


def test_types_that_cannot_be_read_are_named(run: Run, btf: Path, tmp_path: Path) -> None:
    (btf / "vmlinux").write_bytes(GROWN.read_bytes()[:100])
    file = tmp_path / "here.txt"
    assert run("observe", *WORDS, "--save", str(file)).exit_code in {0, 1}
    snapshot = parse(file.read_text(encoding="utf-8"), "x")
    assert paths.TYPES in snapshot.unread
    assert paths.TYPES not in snapshot.files


def test_a_copy_is_saved_without_the_types_of_this_machine(run: Run, btf: Path, tmp_path: Path) -> None:
    (btf / "vmlinux").write_bytes(GROWN.read_bytes())
    old = tmp_path / "old.txt"
    old.write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    again = tmp_path / "again.txt"
    run("observe", str(old), "--save", str(again))
    assert again.read_text(encoding="utf-8") == old.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("pte_list_ext\t14\n", 'line 1: expected FIELD, VALUE, STRUCT and MEMBER, got "pte_list_ext'),
        ("nothing\t14\ta\tb\n", "line 1: expected FIELD, VALUE, STRUCT and MEMBER"),
        ("release\t14\ta\tb\n", "line 1: expected FIELD, VALUE, STRUCT and MEMBER"),
        ("pte_list_ext\t14 15\ta\tb\n", 'pte_list_ext: expected a value as JSON has it, got "14 15"'),
        ("pte_list_ext\t" + "[" * 100_000 + "\ta\tb\n", "pte_list_ext: expected a value as JSON has it"),
        ('pte_list_ext\t"x"\ta\tb\n', "kernel.pte_list_ext"),
        ("pte_list_ext\t1\ta\tb\n", "kernel.pte_list_ext"),
        ("pte_list_ext\tInfinity\ta\tb\n", "kernel.pte_list_ext"),
        ("pte_list_ext\t{}\ta\tb\n", "kernel.pte_list_ext"),
        ("list_policy\t[[1]]\ta\tb\n", "kernel.list_policy"),
    ],
)
def test_what_nobody_saved_is_one_line(run: Run, tmp_path: Path, text: str, wrong: str) -> None:
    host = saved(tmp_path, text)
    result = run("show", "--kernel", host)
    assert (result.exit_code, result.stdout) == (2, "")
    assert wrong in result.stderr
    assert result.stderr.startswith(f"ptelist: {host}: ")
    assert result.stderr.count("\n") == 1


def test_memslots_of_a_distribution_are_what_its_types_say(run: Run, tmp_path: Path) -> None:
    """An el9 kernel whose KVM is that of 6.18 takes what 6.18 takes, not what 5.14 does in the same place."""
    build = tmp_path / "vmlinux"
    build.write_bytes(btf_writer.kernel().blob())
    snapshot = take(Fake(WHOLE | {paths.RELEASE: "5.14.0-611.5.1.el9_7.x86_64\n"}))
    snapshot.files[paths.TYPES] = types.render(profile.said(once(str(build))).kernel)
    host = tmp_path / "el9.txt"
    host.write_text(snapshot.render(), encoding="utf-8")

    def structs(kernel: str) -> tuple[int, int]:
        words = ("show", "--kernel", kernel, "--map-kernel", "rhel=5.14", "--figure", "memslots.bytes")
        result = run(*words, "--figure", "memslots.bytes.structs", "--paging", "tdp-mmu", "--format", "json")
        assert result.exit_code == 0, result.output
        span = json.loads(result.stdout)["configs"][0]["figures"]["memslots.bytes.structs"]
        return span["low"], span["high"]

    assert structs(str(host)) == structs("6.18")
    assert structs("5.14")[0] > 10 * structs("6.18")[1]
    derived = " ".join(run("explain", "memslots.bytes.write_track", "--kernel", f"{host}").stdout.split())
    assert "struct kvm_arch: u8 shadow_root_allocated" in derived.replace("| ", "")


def test_an_observation_without_memslots_among_its_types_has_those_of_its_version(run: Run, tmp_path: Path) -> None:
    """As saved before types told them."""
    host = saved(tmp_path, "pte_list_ext\t14\tpte_list_desc\tu64 *sptes[14]\n")
    said = " ".join(run("explain", "memslots.bytes.structs", "--kernel", host).stdout.split())
    assert "BTF of 6.18.15 and 7.3.4" in said.replace("| ", "")


def test_each_of_several_kernels_says_what_its_own_types_and_caches_tell(run: Run, tmp_path: Path) -> None:
    """With its name: what all have in common is not pulled out of it."""
    hosts = []
    for release in ("5.14.0-503.11.1.el9_5.x86_64", "5.14.0-611.5.1.el9_7.x86_64"):
        snapshot = take(Fake(WHOLE | {paths.RELEASE: f"{release}\n"}))
        snapshot.files[paths.TYPES] = "pte_list_ext\t14\tpte_list_desc\tu64 *sptes[14]\n"
        hosts.append(tmp_path / f"{release}.txt")
        hosts[-1].write_text(snapshot.render(), encoding="utf-8")
    text = " ".join(run("compare", "--kernel", ",".join(map(str, hosts))).stdout.split())
    for release in ("5.14.0-503.11.1.el9_5.x86_64", "5.14.0-611.5.1.el9_7.x86_64"):
        said = f"{release} (RHEL or a rebuild), ASSUMED to be as 5.14, but for 1 field that its types tell and "
        assert said in text
    assert text.count("but for") == 2
