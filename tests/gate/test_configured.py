"""Which configuration a build is counted with: --config's, that of its folder, or upstream's, and never silently."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import btf_writer
import pytest
from helpers import ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

HEAD = "# Linux/x86 6.18.0 Kernel Configuration\nCONFIG_SLUB_CPU_PARTIAL=y\nCONFIG_SLAB_MERGE_DEFAULT=y\n"
PROFILING = f"{HEAD}CONFIG_MEMCG=y\nCONFIG_MEM_ALLOC_PROFILING=y\n"
BARE = f"{HEAD}# CONFIG_MEMCG is not set\n"
FIGURE = "pte_list_desc.bytes.total"
BUDGETS = f'[scenario.one]\nvcpus = 256\n[[budget]]\nfigure = "{FIGURE}"\nmax_growth = 0\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder of the test's own, with budgets and a tree with kvm.ko in its place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    Path("ptelist.toml").write_text(BUDGETS, encoding="utf-8")
    return tmp_path


def build(tree: str, config: str | None, name: str = "arch/x86/kvm/kvm.ko") -> str:
    """Write the types of a kernel into a tree with a configuration."""
    file = Path.cwd() / tree / name  # a path of this test alone: what a name means is read once in a process
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(btf_writer.kernel().blob())
    if config is not None:
        (Path.cwd() / tree / ".config").write_text(config, encoding="utf-8")
    return str(file)


def report(run: Run, *args: str, code: int = 0) -> dict[str, Any]:
    result = run("check", "--kernel", "6.18", *args, "--format", "json")
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def counted(config: str | None, tmp: str, **more: Any) -> int:
    """Return the figure that a column of compare has, of the same build with --config."""
    said = {} if config is None else {"config": config}
    term = ledger(kernel="6.18", kernel_from=tmp, vcpus=256, memslots="q35", **said, **more)[FIGURE]
    assert term.exact
    return term.low


@pytest.mark.parametrize("name", ["arch/x86/kvm/kvm.ko", "arch/x86/boot/bzImage", "vmlinux"])
def test_the_configuration_of_the_tree_is_read_and_named(run: Run, here: Path, name: str) -> None:
    old, new = build("old", None, name), build("new", PROFILING, name)
    found = report(run, "--kernel-from", new, "--against-from", old, code=1)
    (each,) = found["findings"]
    assert found["builds"] == [
        {"role": "build", "build": new, "config": str(here / "new/.config"), "from": "folder"},
        {"role": "before", "build": old, "config": "upstream", "from": "assumed"},
    ]
    after, before = (counted(config, file) for config, file in ((str(here / "new/.config"), new), (None, old)))
    assert (each["before"]["high"], each["after"]["high"]) == (before, after)
    assert after > before, "profiling takes a reference for each object"
    assert each["why"] == [f"config.alloc_profiling off -> on ({here}/new/.config:5: CONFIG_MEM_ALLOC_PROFILING=y)"]
    assert f"--config {here}/new/.config" in each["reproduce"]


def test_every_format_says_which_one_was_read(run: Run, here: Path) -> None:
    old, new = build("old", PROFILING), build("new", None)
    args = ("--kernel", "6.18", "--kernel-from", new, "--against-from", old)
    for name in ("text", "json", "markdown", "html", "ktap", "junit", "github"):
        text = " ".join(run("check", *args, "--format", name).stdout.split()).replace("\\", "")
        assert f"{old}, configured as {here}/old/.config in its folder" in text, name
        assert f"{new}, no .config lies in its folder: the configuration is assumed to be upstream" in text, name


def test_what_was_named_counts_for_both_builds(run: Run) -> None:
    old, new = build("old", None), build("new", PROFILING)
    found = report(run, "--kernel-from", new, "--against-from", old, "--config", "upstream")
    assert [(each["config"], each["from"]) for each in found["builds"]] == [("upstream", "option")] * 2
    assert found["findings"][0]["delta"] == 0
    assert "--config upstream" in found["command"]


def test_a_host_of_a_kernel_without_memory_controller_accounts_nothing(run: Run, here: Path) -> None:
    """As x86_64_defconfig has it; hosts of presets account, which such a kernel would be refused for."""
    old, new = build("old", BARE), build("new", PROFILING)
    (each,) = report(run, "--kernel-from", new, "--against-from", old, code=1)["findings"]
    assert each["before"]["high"] == counted(str(here / "old/.config"), old, memcg=False)
    assert f"config.memcg off -> on ({here}/new/.config:4: CONFIG_MEMCG=y)" in each["why"]


def test_a_scenario_keeps_the_configuration_that_it_names(run: Run) -> None:
    new = build("new", BARE)
    for own in ('config = "debian-amd64"', 'preset = "debian-amd64"', "memcg = false", 'set = "host.memcg=off"'):
        Path("ptelist.toml").write_text(BUDGETS.replace("vcpus", f"{own}\nvcpus"), encoding="utf-8")
        assert run("check", "--update", "--kernel-from", new, "--kernel", "6.18").exit_code == 0
        inputs = json.loads(Path("ptelist-baseline.json").read_text(encoding="utf-8"))["scenarios"]["one"]["inputs"]
        assert inputs["host.memcg"] is ("debian" in own)
        assert inputs["config.name"] == ("debian-amd64" if "debian" in own else ".config")


def test_a_build_is_held_against_a_profile_of_its_own_configuration(run: Run) -> None:
    """What differs is the kernel's then, not that somebody configured it."""
    Path("ptelist.toml").unlink()
    new = build("new", PROFILING)
    found = report(run, "--kernel-from", new)
    assert "configured as the build is" in found["baseline"]
    assert {each["delta"] for each in found["findings"]} == {0}


def test_a_file_of_that_name_may_be_another_thing(run: Run) -> None:
    new = build("new", "colours = on\n")
    assert report(run, "--kernel-from", new, "--against-from", new)["builds"][0]["from"] == "assumed"
    build("other", PROFILING)
    far = build("other/builds/a", None, "kvm.ko")
    assert report(run, "--kernel-from", far, "--against-from", far)["builds"][0]["from"] == "assumed"


def test_what_writes_no_report_says_it_as_well(run: Run, here: Path) -> None:
    new = build("new", PROFILING)
    for args in (("--update",), ("--init", "more.toml")):
        ran = run("check", *args, "--kernel", "6.18", "--kernel-from", new)
        assert (ran.exit_code, f"configured as {here}/new/.config in its folder" in ran.stderr) == (0, True), ran.output


def test_the_advice_to_map_a_kernel_can_be_followed(run: Run) -> None:
    release, option = "5.14.0-427.el9.x86_64", "rhel=upstream"
    refused = run("check", "--kernel", release)
    assert f"--map-kernel '{option}'" in refused.stderr
    args = ("--kernel", release, "--map-kernel", option)
    assert run("check", "--update", *args).exit_code == 0
    found = run("check", *args, "--format", "json")
    assert (found.exit_code, json.loads(found.stdout)["findings"][0]["delta"]) == (0, 0)
    assert f"--map-kernel {option}" in json.loads(found.stdout)["command"]
    inputs = json.loads(Path("ptelist-baseline.json").read_text(encoding="utf-8"))["scenarios"]["one"]["inputs"]
    assert (inputs["kernel.version"], inputs["kernel.release"]) == ("5.14", release)


def test_a_kernel_that_the_file_names_is_mapped_too(run: Run) -> None:
    for where in ("", "[scenario.one]\n"):
        text = BUDGETS.replace(
            "[scenario.one]\n", f'{where}kernel = "5.14.0-427.el9.x86_64"\n{"" if where else "[scenario.one]"}\n'
        )
        Path("ptelist.toml").write_text(text, encoding="utf-8")
        assert run("check", "--update").exit_code == 2
        assert run("check", "--update", "--map-kernel", "el9*=5.14").exit_code == 0
        assert run("check", "--map-kernel", "el9*=5.14").exit_code == 0
