"""How a kernel was built, which stable release it is, and what it therefore has or cannot have."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import GIB, exact, ledger, scenario, span
from hypothesis import given
from hypothesis import strategies as st
from machines import WHOLE, Fake, changed

from ptelist.engine.account import account
from ptelist.engine.lists.descriptors import List
from ptelist.errors import PtelistError
from ptelist.readers.host import kconfig, machine, paths
from ptelist.readers.host import snapshot as shot
from ptelist.readers.host.snapshot import take
from ptelist.scenario.presets import shipped, versions
from ptelist.settings import named
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from ptelist.engine.ledger import Ledger

DATA = Path(__file__).parents[2] / "data" / "configs"
"""Lines of the files in Debian's packages, each named in the first line."""

FILES = sorted(DATA.glob("*.txt"))
TRACK = "memslots.bytes.write_track"
FLAVOURS = ("amd64", "cloud-amd64", "rt-amd64")
RELEASE = "6.1.0-56-cloud-amd64"


def figures(**options: str) -> Ledger:
    """Return the figures of one column."""
    texts = [(name.replace("_", "-"), text) for name, text in options.items()]
    (column,) = expand((), texts).columns
    return account(column.scenario)


# Debian's configurations


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_preset_has_what_the_package_has(file: Path) -> None:
    series, _, flavour = file.stem.partition("-")
    text = file.read_text(encoding="utf-8")
    said = named.config(f"debian-{flavour}", series).config
    read = kconfig.fields(text, file.name)
    for field in kconfig.OPTION_OF:
        assert said[field].value is read[field].value, field
        package = text.splitlines()[0].removeprefix("# ").partition(",")[0]
        assert said[field].source.startswith(package), field


def test_every_series_of_a_preset_has_its_package() -> None:
    for flavour in FLAVOURS:
        series = {variant.release for variant in named.load(f"debian-{flavour}", "configs").variants}
        assert series == {file.stem.partition("-")[0] for file in FILES if file.stem.partition("-")[2] == flavour}


@pytest.mark.parametrize(
    ("kernel", "config", "expected"),
    [
        ("6.1", "debian-amd64", 4_204_544),
        ("6.1", "debian-rt-amd64", 4_204_544),
        ("6.1", "debian-cloud-amd64", 0),
        ("6.1", "upstream", 0),
        ("6.12", "debian-amd64", 0),
        ("5.10", "debian-cloud-amd64", 4_204_544),
    ],
)
def test_external_write_tracking(kernel: str, config: str, expected: int) -> None:
    """4 GiB in two slots and address spaces, 2 bytes a gfn: 2 x (786432 + 262144) x 2, and 10,240 of page pointers."""
    assert expected in {0, 2 * (786432 + 262144) * 2 + 2 * (384 * 8 + 128 * 8 + 1024)}
    assert exact(figures(kernel=kernel, config=config, memslots="ram"), TRACK) == expected


def test_from_6_9_on_a_user_of_it_must_be_there() -> None:
    user = {"external_write_tracking": True}
    assert exact(ledger("6.12", config="debian-amd64", on_host=user), TRACK) == 4_204_544
    with pytest.raises(PtelistError, match="debian-cloud-amd64 is built without CONFIG_KVM_EXTERNAL_WRITE_TRACKING"):
        scenario("6.12", config="debian-cloud-amd64", on_host=user, on_config={})


def test_5_10_rt_has_no_partial_slabs_on_its_cpus() -> None:
    """64 CPUs, min_partial 5, 128 objects of 32 bytes a slab; else up to 31 partial slabs a CPU as well."""
    assert span(figures(kernel="5.10", config="debian-rt-amd64"), "pte_list_desc.slabs.retained") == (0, 5 + 64)
    assert span(figures(kernel="5.10", config="debian-amd64"), "pte_list_desc.slabs.retained") == (0, 5 + 64 * 32)


@pytest.mark.parametrize(
    ("kernel", "config"),
    [
        ("6.1.0-56-cloud-amd64", "debian-cloud-amd64"),
        ("6.1.0-56-amd64", "debian-amd64"),
        ("6.12.118+deb13-rt-amd64", "debian-rt-amd64"),
        ("6.8.0-45-generic=upstream", "upstream"),
        ("6.12.25-amd64", "debian-amd64"),
        ("6.4.0-4-amd64", "upstream"),
        ("6.1", "upstream"),
    ],
)
def test_a_release_of_debian_names_its_configuration(kernel: str, config: str) -> None:
    (column,) = expand((), [("kernel", kernel)]).columns
    assert column.scenario.config.name == config


def test_a_preset_as_the_first_word(run: Callable[..., Result]) -> None:
    result = run("compare", "debian-amd64", "--kernel", "6.1")
    assert "config: debian-amd64, external write tracking built" in result.stdout
    assert run("compare", "debian-amd64", "--config", "upstream").exit_code == 2


def test_a_configuration_that_says_nothing_of_a_kernel() -> None:
    with pytest.raises(
        PtelistError, match=r"--config: config debian-amd64 says nothing of kernel 6\.4, but of 5\.10, "
    ):
        expand((), [("kernel", "6.4"), ("config", "debian-amd64")])


def test_ones_own_preset_beats_the_series_that_it_extends(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'title = "own"\nextends = "debian-amd64"\n[config]\nname = "own"\nexternal_write_tracking = false\n',
        encoding="utf-8",
    )
    found = named.config(str(own), "6.1").config
    assert (found["name"].value, found["external_write_tracking"].value, found["memcg"].value) == ("own", False, True)


# a configuration's file


def test_a_file_packed_or_not(run: Callable[..., Result], tmp_path: Path) -> None:
    text = (DATA / "6.1-amd64.txt").read_text(encoding="utf-8")
    plain, packed = tmp_path / "config-6.1", tmp_path / "config.gz"
    plain.write_text(text, encoding="utf-8")
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (plain, packed):
        result = run("compare", "--kernel", "6.1", "--config", str(path), "--figure", TRACK, "--memslots", "ram")
        assert "4,204,544" in result.stdout
        assert f"config: {path.name}, external write tracking built" in result.stdout
    other = run("compare", "--kernel", "6.3", "--config", str(plain))
    assert "config: config-6.1, of Linux 6.1.192, not of 6.3, external" in " ".join(other.stdout.split())


@pytest.mark.parametrize(
    ("text", "field", "value", "source"),
    [
        ("CONFIG_MEMCG=y\n", "memcg", True, "c:1: CONFIG_MEMCG=y"),
        ("\n# CONFIG_MEMCG is not set\n", "memcg", False, "c:2: CONFIG_MEMCG is not set"),
        ("CONFIG_SMP=y\n", "memcg", False, "c: no CONFIG_MEMCG"),
        ("CONFIG_MEMCG=y\n# CONFIG_MEMCG_KMEM is not set\n", "memcg", False, "c:2: CONFIG_MEMCG_KMEM is not set"),
        ("CONFIG_MEMCG=y\nCONFIG_MEMCG_KMEM=y\n", "memcg", True, "c:1: CONFIG_MEMCG=y"),
        ("# Linux/x86 6.12.118 Kernel Configuration\n", "release", "6.12.118", "c"),
    ],
)
def test_what_lines_say(text: str, field: str, value: object, source: str) -> None:
    found = kconfig.fields(text, "c")[field]
    assert (found.value, found.source) == (value, source)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"CONFIG_MEMCG=m\n", ':1: CONFIG_MEMCG: expected y or "is not set", got m'),
        (b"\x1f\x8bnothing", ": damaged gzip data: "),
        (b"no configuration", "not valid TOML"),
    ],
)
def test_a_file_that_is_wrong(content: bytes, message: str, run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)
    result = run("show", "--config", str(path))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


@given(st.lists(st.sampled_from(["CONFIG_MEMCG=y", "# CONFIG_SLUB_TINY is not set", "x", 'CONFIG_A="b"', "#"])))
def test_what_is_kept_says_the_same(lines: list[str]) -> None:
    text = "\n".join(lines)
    kept = "\n".join(kconfig.telling(text))
    assert {name: each.value for name, each in kconfig.fields(text, "c").items()} == {
        name: each.value for name, each in kconfig.fields(kept, "c").items()
    }


# a machine's


def test_a_machine_tells_its_configuration() -> None:
    text = (DATA / "6.1-amd64.txt").read_text(encoding="utf-8") + "CONFIG_SECRET=y\n"
    boot = f"{paths.CONFIG}{RELEASE}"
    found = take(Fake(WHOLE | {boot: text}))
    assert "SECRET" not in found.render()
    assert shot.parse(found.render(), "saved").files[boot] == found.files[boot]
    for overlay in (machine.kernel(found, "here"), machine.host(found, "here")):
        assert overlay.config["external_write_tracking"].value is True
        assert overlay.config["external_write_tracking"].source.startswith(f"here: {boot}:")
        assert overlay.config["name"].value == f"that of {RELEASE}"
    own = take(Fake(WHOLE | {boot: text, paths.CONFIG_GZ: "# CONFIG_MEMCG is not set\n"}))
    assert machine.config(own, "here")["memcg"].value is False
    assert boot not in own.files


def test_a_machine_that_does_not_tell(tmp_path: Path, run: Callable[..., Result]) -> None:
    """What can be had from elsewhere is, and Debian's name of the release says the rest."""
    found = take(Fake(changed(PROFILING="0\n")))
    assert {name: each.value for name, each in machine.config(found, "here").items()} == {"alloc_profiling": True}
    saved = tmp_path / "saved"
    saved.write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    assert "config: debian-cloud-amd64" in run("compare", "--kernel", str(saved)).stdout


def test_a_kernel_that_is_off_at_boot_never_profiles() -> None:
    lines = f"CONFIG_MEM_ALLOC_PROFILING=y\n{kconfig.OFF_AT_BOOT}\n"
    files = changed(PROFILING="0\n") | {paths.CONFIG_GZ: lines}
    assert machine.host(take(Fake(files)), "here").host["alloc_profiling"].value == "never"


@pytest.mark.parametrize("paging", ["tdp-mmu", "tdp-legacy", "shadow"])
def test_without_kvm_the_paging_must_be_said(paging: str, tmp_path: Path, run: Callable[..., Result]) -> None:
    saved = tmp_path / "saved"
    files = {path: text for path, text in WHOLE.items() if path not in paths.TDP}
    saved.write_text(take(Fake(files)).render(), encoding="utf-8")
    refused = run("compare", "--kernel", str(saved))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"ptelist: {saved}: kernel.tdp_default: not known of a host with neither kvm_intel nor kvm_amd loaded: "
        "say --paging tdp-mmu, tdp-legacy or shadow\n"
    )
    assert run("compare", "--kernel", str(saved), "--paging", paging).exit_code == 0
    assert run("observe", str(saved)).exit_code in {0, 1}


# a stable release


@pytest.mark.parametrize(
    ("name", "cap", "page_hash", "stable"),
    [
        ("6.12", 1000, "at_vm_creation", "6.12.118"),
        ("6.12.118", 1000, "at_vm_creation", "6.12.118"),
        ("6.12.120+deb13-amd64", 1000, "at_vm_creation", "6.12.120"),
        ("6.12.117", None, "at_vm_creation", "6.12.117"),
        ("6.12.111", None, "embedded", "6.12.111"),
        ("v6.12-rc3=upstream", None, "embedded", "6.12.0"),
        ("6.12.0-55-generic=upstream", 1000, "at_vm_creation", "6.12.118"),
        ("6.1.192", None, "embedded", ""),
        ("7.3", None, "deferred", ""),
    ],
)
def test_a_stable_release_may_differ(name: str, cap: int | None, page_hash: str, stable: str) -> None:
    kernel = scenario(name).kernel
    assert (kernel.parent_ptes_cap, kernel.page_hash, kernel.stable) == (cap, page_hash, stable)


def test_the_assumptions_say_which_release(run: Callable[..., Result]) -> None:
    for name, stable in (("6.12", "6.12.118"), ("6.12.117", "6.12.117")):
        assert f"kernel: {stable} of 6.12, checked against " in run("compare", "--assumptions", "--kernel", name).stdout


def test_a_page_has_at_most_1000_parents(run: Callable[..., Result]) -> None:
    options = ("--paging", "shadow", "--parent-ptes", "1x1001")
    assert run("compare", "--kernel", "6.12.117", *options).exit_code == 0
    refused = run("compare", "--kernel", "6.12.118", *options)
    assert refused.stderr == (
        "ptelist: --parent-ptes: 1001 entries: kernel 6.12.118 zaps a shadow page with 1000 parents "
        "rather than link one more\n"
    )


def test_the_page_hash_beside_the_vm() -> None:
    """32 KiB of eight pages in one piece, or eight pages with 64 bytes of pointers to them."""
    assert span(ledger("6.12.113"), "page_hash.bytes") == (32768, 32768 + 64)
    assert exact(ledger("6.12.111"), "page_hash.bytes") == 32768


@given(st.integers(1, 40), st.integers(0, 200), st.integers(2, 14), st.sampled_from(["walk", "head"]))
def test_parents_step_by_step(cap: int, adds: int, ext: int, policy: str) -> None:
    """A list at its cap goes with its page; the next parent is the first one of a new page."""
    parents = List(ext, policy)
    zapped = sum(parents.add_parent(number, cap) for number in range(adds))
    assert zapped == max(adds - 1, 0) // cap
    assert len(parents) == adds - zapped * cap
    free = List(ext, policy)
    assert not any(free.add_parent(number, None) for number in range(adds))
    assert len(free) == adds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[stable]]\nfrom = "6.12"\n', 'stable.0.from: expected one such as 6.12.118, got "6.12"'),
        ("[[stable]]\n", "stable.0.from: expected a release, as text"),
        ('[stable]\nfrom = "6.12.1"\n', "stable: expected tables, as [[stable]]"),
        ('[[stable]]\nfrom = "6.12.1"\n', "kernel.stable: is missing"),
        ('[[series]]\nkernel = "6.12.1"\n', 'series.0.kernel: expected one such as 6.12, got "6.12.1"'),
        ('[[series]]\nkernel = "6.12"\nsource = 1\n', "series.0.source: expected text"),
    ],
)
def test_tables_that_are_wrong(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PtelistError) as caught:
        named.load(str(path), "kernels")
    assert message in str(caught.value)


# what cannot be


@pytest.mark.parametrize(
    ("kernel", "on_host", "on_config", "message"),
    [
        ("6.9", {"alloc_profiling": "on"}, {"alloc_profiling": True}, "config.alloc_profiling: kernel 6.9 has no"),
        ("6.9", {}, {"alloc_profiling": True}, "config.alloc_profiling: kernel 6.9 has no allocation profiling"),
        ("6.10", {"alloc_profiling": "on"}, {}, 'host.alloc_profiling: "on", but config upstream is built without'),
        ("7.3", {"alloc_profiling": "never"}, {}, 'host.alloc_profiling: "never", but config upstream is built'),
        ("6.1", {}, {"memcg": False}, "host.memcg: on, but config upstream is built without CONFIG_MEMCG"),
        ("6.1", {"nokmem": True}, {}, "host.nokmem: with cgroup.memory=nokmem no object is accounted"),
        ("6.1", {"nokmem": True, "memcg": False}, {"memcg": False}, "host.nokmem: config upstream is built without"),
        ("6.1", {"external_write_tracking": True}, {}, "host.external_write_tracking: on, but config upstream is"),
    ],
)
def test_what_is_not_built_is_not_assumed(
    kernel: str, on_host: dict[str, Any], on_config: dict[str, Any], message: str
) -> None:
    with pytest.raises(PtelistError) as caught:
        scenario(kernel, on_host=on_host, on_config=on_config)
    assert str(caught.value).partition(": ")[2].startswith(message)


@pytest.mark.parametrize(("word", "first"), [("on", "6.10"), ("built", "6.10"), ("never", "6.10"), ("absent", "5.10")])
def test_the_option_for_profiling_is_one_word(word: str, first: str) -> None:
    for kernel in shipped.names("kernels"):
        if versions.version_key(kernel) >= versions.version_key(first):
            figures(kernel=kernel, alloc_profiling=word)
        else:
            with pytest.raises(PtelistError, match=r"--alloc-profiling: kernel .* has no allocation profiling"):
                figures(kernel=kernel, alloc_profiling=word)


@pytest.mark.parametrize(
    ("nokmem", "profiling", "each"),
    [(False, "on", 512), (True, "on", 256), (False, "off", 0), (True, "off", 0), (False, "never", 0)],
)
def test_slots_of_7_3_without_accounting(nokmem: bool, profiling: str, each: int) -> None:
    """32 objects a slab: SLAB_MAY_ACCOUNT is set unless cgroup.memory=nokmem, so a slot has two words."""
    host = {"memcg": False, "nokmem": nokmem, "alloc_profiling": profiling}
    found = ledger("7.3", vm={"vcpus": 256}, on_host=host, on_config={"alloc_profiling": True})
    assert found["pte_list_desc.bytes.memcg"].low == found["pte_list_desc.slabs"].low * each


@pytest.mark.parametrize("kernel", ["6.10", "7.2", "7.3"])
def test_profiling_without_a_memory_controller_is_one_word(kernel: str) -> None:
    host = {"memcg": False, "alloc_profiling": "on"}
    found = ledger(kernel, vm={"vcpus": 256}, on_host=host, on_config={"alloc_profiling": True, "memcg": False})
    assert found["pte_list_desc.bytes.memcg"].low == found["pte_list_desc.slabs"].low * 256


PAGES = 1 << 28
"""8 bytes for each of so many pages are INT_MAX + 1."""


@pytest.mark.parametrize(
    ("kernel", "pages", "vm", "fits"),
    [
        ("5.16", PAGES - 1, {"paging": "shadow"}, True),
        ("5.16", PAGES, {"paging": "shadow"}, False),
        ("5.17", PAGES, {"paging": "tdp-legacy"}, False),
        ("5.17", PAGES, {}, True),
        ("5.17", 4 * PAGES, {"dirty_log": True}, True),
        ("5.17", 8 * PAGES - 1, {"dirty_log": True}, True),  # the most pages that KVM takes
        ("5.14", PAGES, {"paging": "shadow"}, True),
        ("5.15", PAGES, {"paging": "shadow"}, True),
        ("5.18", PAGES, {"paging": "shadow"}, True),
    ],
)
def test_a_memslot_that_kvmalloc_refuses(kernel: str, pages: int, vm: dict[str, Any], fits: bool) -> None:
    """All of it lies above 4 GiB but for one page, so a slot has one page less."""
    one = {"memory": 4096 * (pages + 1), "low_memory": 4096, **vm}
    if fits:
        assert scenario(kernel, vm=one).vms[0].memory > GIB
        return
    with pytest.raises(PtelistError, match=r"vm\.memory: the \w+ of a memslot take [\d,]+ bytes, and kvmalloc\(\) of"):
        scenario(kernel, vm=one)
