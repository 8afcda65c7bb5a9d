"""Whose kernel a release is, and what may stand for it: real names of more than ten distributions."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.scenario.presets import releases
from ptelist.scenario.presets.mapping import KernelMap, UnknownKernelError, parts
from ptelist.scenario.presets.versions import is_release
from ptelist.settings import named
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

DATA = Path(__file__).parents[2] / "data/releases/releases.csv"
ROWS = list(csv.DictReader(DATA.read_text(encoding="utf-8").splitlines()))
EL9 = "5.14.0-427.13.1.el9_4.x86_64"
UEK = "5.15.0-206.153.7.1.el9uek.x86_64"


def test_there_are_sixty_of_ten_distributions() -> None:
    assert len({row["release"] for row in ROWS}) == len(ROWS) >= 60
    assert len({row["distribution"] for row in ROWS} - {releases.UPSTREAM, releases.OTHER}) >= 10


@pytest.mark.parametrize("row", ROWS, ids=[row["release"] for row in ROWS])
def test_a_release_says_whose_it_is(row: dict[str, str]) -> None:
    assert is_release(row["release"])
    found = releases.read(row["release"])
    said = {"distribution": found.distribution, "mark": found.mark, "version": found.version}
    assert {"release": found.text, **said, "architecture": found.architecture} == row


@pytest.mark.parametrize("row", ROWS, ids=[row["release"] for row in ROWS])
def test_none_is_taken_for_upstream_in_silence(row: dict[str, str]) -> None:
    """Upstream's and Debian's stand for themselves; what resolves another is what its error says."""
    release = row["release"]
    if row["architecture"]:
        return
    known = [title.about["title"].removeprefix("Linux ") for title in map(named.load, SERIES)]
    if row["distribution"] in {"", "debian"} and releases.read(release).series in known:
        assert KernelMap(()).name(release) == release
        assert expand((), [("kernel", release)]).columns
        return
    with pytest.raises(UnknownKernelError) as error:
        named.load(release, "kernels")
    name = KernelMap([error.value.needed]).name(release)
    assert parts(name)
    (column,) = expand((), [("kernel", name)]).columns
    assert column.scenario.kernel.release == release


@pytest.mark.parametrize("row", [row for row in ROWS if row["architecture"]], ids=lambda row: row["release"])
def test_another_architecture_is_refused_whatever_is_said(run: Callable[..., Result], row: dict[str, str]) -> None:
    release = row["release"]
    said = f"{release} is of {row['architecture']}, whose KVM has no shadow MMU as on x86\n"
    for words in ((release,), (f"{release}=6.1",), (release, "--map-kernel", "*=upstream")):
        assert refused(run("compare", "--kernel", *words)).endswith(said)
    with pytest.raises(UnknownKernelError) as error:
        KernelMap(["*=upstream"]).name(release)
    assert not error.value.needed


SERIES = ("5.10", "5.14", "5.15", "6.1", "6.4", "6.5", "6.6", "6.8", "6.10", "6.11", "6.12", "6.13", "6.14", "6.18")


@pytest.mark.parametrize(
    ("release", "maps", "profile"),
    [
        (EL9, ["el9*=5.14"], "5.14"),
        (EL9, ["EL9_4=6.1"], "6.1"),
        (EL9, ["rhel=upstream"], "5.14"),
        (EL9, ["*.x86_64=6.2"], "6.2"),
        (EL9, ["el9_4=6.1", "el9*=5.14"], "6.1"),
        (UEK, ["el9*=5.14", "uek=upstream"], "5.15"),
        ("6.11.10-300.fc41.x86_64", ["fc*=upstream"], "6.11.10"),
        ("4.18.0-553.el8_10.x86_64", ["*=upstream", "el8*=5.10"], "5.10"),
        ("6.12.0-55-generic", ["generic=6.12.117"], "6.12.117"),
        ("6.1.100+", ["+=upstream"], "6.1.100"),
        ("6.7.12", ["6.7.*=6.8"], "6.8"),
        ("6.1.0-26-amd64", ["debian=6.2"], "6.2"),
    ],
)
def test_the_first_pattern_that_matches_counts(release: str, maps: list[str], profile: str) -> None:
    assert parts(KernelMap(maps).name(release)) == (release, profile)


@pytest.mark.parametrize("name", ["6.1.0-26-amd64", "6.18", "running", "./k.toml"])
def test_upstream_by_number_changes_nothing_where_it_is_so_already(name: str) -> None:
    assert KernelMap(["*=upstream"]).taken_for(name) == name


def test_a_table_in_a_file_may_name_profiles_beside_it(tmp_path: Path, run: Callable[..., Result]) -> None:
    (tmp_path / "el9.toml").write_text(
        'extends = "6.1"\n[kernel]\nversion = "6.1"\ntree = "el9"\ncache_capacity = 20\n', encoding="utf-8"
    )
    table = tmp_path / "kernels.toml"
    table.write_text('"el9*" = "el9.toml"\n"ubuntu" = "upstream"\n', encoding="utf-8")
    result = run(
        "compare",
        "--kernel",
        f"{EL9},6.8.0-45-generic",
        "--map-kernel",
        str(table),
        "--figure",
        "pte_list_desc.objects",
    )
    assert result.exit_code == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert f"{EL9} 80 " in text
    own = tmp_path / "el9.toml"
    assert f"kernel: {EL9} (RHEL or a rebuild), ASSUMED to be as {own}, a profile of 6.1" in text
    assert "kernel: 6.8.0-45-generic (Ubuntu), ASSUMED to be as 6.8" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (f"--kernel {EL9}", f"{EL9} is not upstream's 5.14 (RHEL or a rebuild): --map-kernel 'rhel=upstream'"),
        ("--kernel 4.18.0-1.el8.x86_64", "no profile for 4.18: --map-kernel '4.18.*=5.10' takes it for that"),
        ("--kernel 6.7", "no profile for kernel 6.7; the nearest are 6.6 and 6.8: --map-kernel '6.7=6.8'"),
        ("--map-kernel el9=", "--map-kernel: expected PATTERN=PROFILE, as in 'el9*=5.14' or ubuntu=upstream"),
        ("--map-kernel =5.14", "--map-kernel: expected PATTERN=PROFILE"),
        ("--map-kernel el9=5.99", "--map-kernel: el9: no profile for kernel 5.99"),
        ("--map-kernel el9=none", '--map-kernel: el9: no kernel preset "none"'),
        (f"--map-kernel ubuntu={EL9}", f"--map-kernel: ubuntu: {EL9} is a release of RHEL or a rebuild"),
        ("--map-kernel rhel=nosuch.toml", "--map-kernel: rhel: no file nosuch.toml"),
        ("--kernel 6.6.48-flatcar", "(unknown mark \"flatcar\"): --map-kernel '*flatcar=upstream' takes it"),
        (
            "--kernel 6.1.90-1",
            "not upstream's 6.1.90 (unknown mark \"1\"): --map-kernel '6.1.90-1=upstream'",
        ),
        ("--kernel 6.18.44-fc-v595", "--map-kernel '6.18.44-fc-v595=upstream' takes it for that"),
        ("--map-kernel nothing", "nothing: cannot be read: No such file or directory"),
        (f"--kernel {EL9}=6.8.0-45-generic", "6.8.0-45-generic is not upstream's 6.8 (Ubuntu)"),
    ],
)
def test_bad_input_gets_one_line(run: Callable[..., Result], words: str, says: str) -> None:
    assert says in refused(run("compare", *words.split()))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("a = 1\n", ":1: a: expected a profile as text"),
        ('a = "nosuch.toml"\n', "nosuch.toml"),
        ('"el9*" = "5.14"\nb = "5.99"\n', ":2: b: no profile for kernel 5.99"),
        ("[", "not valid TOML"),
    ],
)
def test_a_bad_table_is_named_by_its_line(tmp_path: Path, table: str, says: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(PtelistError, match=rf"^{path}.*") as error:
        KernelMap([str(path)])
    assert says in str(error.value)


def test_a_builds_profile_is_said_like_any_other(run: Callable[..., Result]) -> None:
    """A build says its layouts; what the rest comes from is not taken from a distribution's number in silence."""
    build = str(Path(__file__).parents[2] / "data/btf/6.18")
    words = ("compare", "--kernel-from", build, "--figure", "pte_list_desc.size", "--kernel")
    assert "is not upstream's 6.8 (Ubuntu)" in refused(run(*words, "6.8.0-45-generic"))
    assert run(*words, "6.8.0-45-generic=6.18").exit_code == 0
    assert run(*words, "6.8.0-45-generic", "--map-kernel", "ubuntu=6.18").exit_code == 0


@pytest.mark.parametrize(
    ("release", "pattern", "owner"),
    [
        ("6.1.0-32-amd64", "debian", " (Debian)"),
        ("6.1.90", "6.1.*", ""),
        ("6.6.48-flatcar", "*flatcar", ' (unknown mark "flatcar")'),
    ],
)
def test_a_profile_of_ones_own_is_named_and_assumed(
    tmp_path: Path, run: Callable[..., Result], release: str, pattern: str, owner: str
) -> None:
    """Whichever way it was said, and though its version is that of the release."""
    own = tmp_path / "own.toml"
    own.write_text('extends = "6.1"\n[kernel]\nversion = "6.1"\ntree = "mine"\nseen = true\npte_list_ext = 6\n')
    said = f"kernel: {release}{owner}, ASSUMED to be as {own}, a profile of 6.1,"
    for words in (("--kernel", release, "--map-kernel", f"{pattern}={own}"), ("--kernel", f"{release}={own}")):
        result = run("compare", *words, "--figure", "pte_list_desc.ext", "--format", "json")
        data = json.loads(result.stdout)
        assert data["configs"][0]["figures"]["pte_list_desc.ext"]["low"] == 6
        assert any(said in each for each in data["assumptions"]), data["assumptions"]


def test_the_profile_of_its_own_number_is_not_assumed(run: Callable[..., Result]) -> None:
    for said in ("6.1", "upstream", "6.1.0-26-amd64"):
        text = " ".join(run("compare", "--kernel", f"6.1.0-32-amd64={said}").stdout.split())
        assert "kernel: 6.1.0-32-amd64, as 6.1 " in text
