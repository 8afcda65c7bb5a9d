"""`ptelist patch` on trees of a few lines, built by programs of the tests' own."""

from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import btf_writer
import pytest
import small_kernel as small
from refusals import refused
from small_kernel import mail

from ptelist.errors import PtelistError
from ptelist.patch import programs

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(not GIT, reason="git is not installed")

GROWN = small.TYPES.replace("168", "184")
SHRINK = "20220624232735.3090056-4-seanjc@google.com"
TOPUP = "20220624232735.3090056-5-seanjc@google.com"
TOTAL = "mmu.bytes.total"


@pytest.fixture(autouse=True)
def _builders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.programs(tmp_path / "bin", monkeypatch)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a work tree with a series of three: a struct grows, nothing, and it shrinks to less than it was."""
    tree = small.tree(tmp_path_factory.mktemp("series") / "linux")
    small.commit(tree, "KVM: x86/mmu: Add rcu_head", {small.SOURCE: GROWN})
    small.commit(tree, "KVM: x86: Say nothing", {"README": "text\n"})
    small.commit(tree, "KVM: x86/mmu: Pack kvm_mmu_page", {small.SOURCE: small.TYPES.replace("168", "128")})
    return tree


@pytest.fixture
def linux(series: Path, tmp_path: Path) -> Path:
    """Return a copy of that work tree which a test may write to."""
    return shutil.copytree(series, tmp_path / "linux")


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def costs(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {cost["place"]: cost for cost in data["costs"]}


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def built(path: Path, **options: Any) -> str:
    path.write_bytes(btf_writer.kernel(**options).blob())
    return str(path)


def test_a_commit_that_grows_a_struct(run: Run, linux: Path, tmp_path: Path) -> None:
    """What it costs is what compare says of the two builds; a thousand servers take a thousand times as much."""
    data = document(run("patch", "HEAD~2", "--tree", str(linux), "--format", "json"))
    (patch,) = data["patches"]
    assert patch["title"].endswith('("KVM: x86/mmu: Add rcu_head")')
    assert patch["structs"] == {"kvm_mmu_page": {"sizeof": {"before": 168, "after": 184}}}
    assert patch["kernel"] == {"kvm_mmu_page_bytes": {"before": 168, "after": 184}}
    before, after = built(tmp_path / "before.btf", page=168), built(tmp_path / "after.btf", page=184)
    said = ("--kernel", "6.18.2", "--config", str(linux / ".config"), "--figure", TOTAL, "--format", "csv")
    for host, vm in (("laptop", "tdp"), ("server-256", "large")):
        known = run(
            "compare", "--kernel-from", f"{before},{after}", "--host", host, "--vm", vm, *said[:-2], "--format", "csv"
        )
        low, high = known.stdout.splitlines()[-1].split(",")[-2:]
        assert costs(data)[host]["change"] == {"low": int(low), "high": int(high)}
    assert costs(data)["laptop"]["change"]["low"] > 0
    server, many = costs(data)["server-256"], costs(data)["1,000 x server-256"]
    for ends in ("before", "after", "change"):
        assert many[ends] == {end: 1000 * value for end, value in server[ends].items()}
    assert data["headline"].startswith("kvm_mmu_page grows from 168 to 184 bytes. The patch takes ")


def test_each_patch_of_a_series(run: Run, linux: Path) -> None:
    Path("series.mbox").write_text(small.mails(linux, "HEAD~3"), encoding="utf-8")
    data = document(run("patch", "series.mbox", "--tree", str(linux), "--base", "HEAD~3", "--format", "json"))
    assert [patch["label"] for patch in data["patches"]] == ["1/3", "2/3", "3/3"]
    assert [bool(patch["structs"]) for patch in data["patches"]] == [True, False, True]
    for cost in costs(data).values():
        assert [each["label"] for each in cost["patches"]] == ["1/3", "3/3"]
        assert cost["change"]["high"] < 0
    laptop = costs(data)["laptop"]
    first, last = (each["low"] for each in laptop["patches"])
    assert first + last == laptop["change"]["low"]
    assert first > 0
    commits = document(run("patch", "HEAD~3..", "--tree", str(linux), "--format", "json"))
    assert commits["costs"][0]["change"] == data["costs"][0]["change"]
    assert [patch["structs"] for patch in commits["patches"]] == [patch["structs"] for patch in data["patches"]]


def test_a_series_without_numbers_is_built_patch_by_patch(run: Run, linux: Path) -> None:
    """As git format-patch -N mails it."""
    words = ("--tree", str(linux), "--base", "HEAD~3", "--format", "json")
    Path("series.mbox").write_text(small.mails(linux, "HEAD~3"), encoding="utf-8")
    Path("bare.mbox").write_text(small.git(linux, "format-patch", "-N", "--stdout", "HEAD~3"), encoding="utf-8")
    numbered, bare = (document(run("patch", name, *words)) for name in ("series.mbox", "bare.mbox"))
    assert [patch["label"] for patch in bare["patches"]] == ["patch 1", "patch 2", "patch 3"]
    assert [each["structs"] for each in bare["patches"]] == [each["structs"] for each in numbered["patches"]]
    assert [each["change"] for each in bare["costs"]] == [each["change"] for each in numbered["costs"]]


def test_the_reply_is_a_mail(run: Run, linux: Path) -> None:
    """The sentence first, each subject quoted, no line wider than a mail has room for, and the same bytes again."""
    Path("series.mbox").write_text(small.mails(linux, "HEAD~3"), encoding="utf-8")
    words = ("patch", "series.mbox", "--tree", "linux", "--base", "HEAD~3")
    first = run(*words)
    assert first.exit_code == 0, first.output
    lines = first.stdout.splitlines()
    assert lines[0].startswith("kvm_mmu_page shrinks from 168 to 128 bytes. The series takes ")
    assert "> [PATCH 1/3] KVM: x86/mmu: Add rcu_head" in lines
    assert lines[lines.index("> [PATCH 2/3] KVM: x86: Say nothing") + 1] == "It changes no struct that ptelist knows."
    assert "struct kvm_mmu_page, 184 -> 128 bytes" in lines
    assert all(len(line) <= 72 for line in lines)
    assert first.stdout.isascii()
    assert run(*words).stdout == first.stdout


@pytest.mark.parametrize("form", ["terminal", "markdown", "html", "csv", "jsonl"])
def test_every_format(run: Run, linux: Path, form: str) -> None:
    result = run("patch", "HEAD~2", "--tree", str(linux), "--format", form)
    assert result.exit_code == 0, result.output
    assert "kvm_mmu_page" in result.stdout


def test_nothing_is_written_into_the_tree(
    run: Run, linux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even into .git; what was made beside it is gone, and no hook of the user's ran."""
    hook = linux / ".git/hooks/post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n", encoding="utf-8")
    hook.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("KCONFIG_CONFIG", str(tmp_path / "mine"))
    small_git = everything(linux)
    Path("one.mbox").write_text(mail(GROWN), encoding="utf-8")
    for words in (("HEAD~2",), ("one.mbox", "--base", "HEAD~3")):
        assert run("patch", *words, "--tree", str(linux)).exit_code == 0
    assert everything(linux) == small_git
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "hooked").exists()
    assert not (tmp_path / "mine").exists()


def test_plain_source(run: Run, tmp_path: Path) -> None:
    plain = small.source(tmp_path / "plain")
    Path("one.mbox").write_text(mail(GROWN), encoding="utf-8")
    before = everything(plain)
    data = document(run("patch", "one.mbox", "--tree", str(plain), "--format", "json"))
    assert data["patches"][0]["label"] == "the patch"
    assert data["costs"][0]["change"]["low"] > 0
    assert everything(plain) == before
    assert "plain source without git" in refused(run("patch", "HEAD", "--tree", str(plain)))
    assert "plain source without git" in refused(run("patch", "one.mbox", "--base", "HEAD", "--tree", str(plain)))


def test_what_mails_are_applied_to(run: Run, linux: Path) -> None:
    """Their base-commit if the tree has it, else HEAD, which is said; --base says it in any case."""
    first = small.git(linux, "rev-parse", "HEAD~3").strip()
    small.write(Path(), {"one.mbox": mail(GROWN).replace("Why.", f"base-commit: {first}")})
    small.write(Path(), {"other.mbox": mail(GROWN).replace("Why.", f"base-commit: {'a' * 40}")})
    words = ("patch", "one.mbox", "--tree", "linux")
    assert f"of linux at {first[:12]}, 6.18.2" in " ".join(run(*words).stdout.split())
    other = ("patch", "other.mbox", "--tree", "linux")
    assert "does not apply" in refused(run(*other))
    said = " ".join(run(*other, "--base", first).stdout.split())
    assert f"base: the series is made for aaaaaaaaaaaa, but was applied to {first[:12]}" in said


def test_a_series_that_does_not_apply_is_refused_before_anything_is_built(run: Run, linux: Path) -> None:
    """The first patch would not build; the second, which does not apply, is what is told."""
    two = mail(GROWN.replace("168", "0"), "[PATCH 2/2] KVM: More")
    small.write(Path(), {"two.mbox": mail("broken", "[PATCH 1/2] KVM: One") + two})
    said = refused(run("patch", "two.mbox", "--tree", str(linux), "--base", "HEAD~3"))
    assert said.startswith("ptelist: 2/2 does not apply: patch failed: ")


def test_a_work_tree_of_another_one_and_a_clone_of_little(run: Run, linux: Path) -> None:
    """Their objects are elsewhere, or few: those of two commits are enough."""
    small.git(linux, "worktree", "add", "-q", "--detach", "../beside", "HEAD~2")
    small.git(linux, "clone", "-q", "--depth", "2", "--branch", "main", f"file://{linux}", "../shallow")
    for name, commit in (("beside", "HEAD"), ("shallow", "HEAD")):
        (linux.parent / name / ".config").write_text(small.CONFIG, encoding="utf-8")
        data = document(run("patch", commit, "--tree", name, "--format", "json"))
        assert data["patches"][0]["structs"], name


def test_here_is_the_tree_if_none_is_named(run: Run, linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(linux)
    assert document(run("patch", "HEAD~2", "--format", "json"))["costs"][0]["change"]["low"] > 0


@pytest.mark.usefixtures("linux")
def test_what_is_known_of_a_patch_that_types_do_not_tell(run: Run) -> None:
    """The 2022 series: sptes[] becomes an array without a length, and who fills caches when is in no type."""
    flexible = small.TYPES.replace("14", "0")
    mails = mail(flexible, "[PATCH 1/2] KVM: x86/mmu: Shrink it", SHRINK)
    head, _, _ = mail("", "[PATCH 2/2] KVM: x86/mmu: Topup iff", TOPUP).partition("diff --git")
    new = "diff --git a/text b/text\nnew file mode 100644\n--- /dev/null\n+++ b/text\n@@ -0,0 +1 @@\n+text"
    Path("series.mbox").write_text(mails + head + new, encoding="utf-8")
    words = ("patch", "series.mbox", "--base", "HEAD~3", "--tree", "linux")
    data = document(run(*words, "--format", "json"))
    assert [patch["proposals"] for patch in data["patches"]] == [["shrink-tdp"], ["topup-iff-rmaps"]]
    assert data["headline"].startswith("pte_list_desc shrinks from 128 to 32 bytes. The series takes ")
    known = run("compare", "--proposal", "none,shrink-tdp+topup-iff-rmaps", "--host", "laptop", "--kernel", "6.18.2")
    assert "100.0%" in known.stdout
    last = [each for each in data["configs"] if each["axes"] == {"place": "laptop", "patch": "2/2"}]
    assert last[0]["figures"]["pte_list_desc.bytes.total"]["high"] == 0
    text = run(*words).stdout
    assert "Types do not tell, proposal shrink-tdp does: kernel.pte_list_ext_tdp = 2" in text
    assert "but for shrink-tdp and topup-iff-rmaps" in " ".join(text.split())


def test_a_patch_of_which_it_is_known_that_it_changes_nothing(run: Run, linux: Path) -> None:
    """The first of the 2022 series: a commit that links its mail."""
    link = "Link: https://lore.kernel.org/r/20220624232735.3090056-2-seanjc@google.com"
    small.commit(linux, "KVM: x86/mmu: Track the number", {}, link)
    result = run("patch", "HEAD", "--tree", "linux")
    assert "Types do not tell, proposal ulong-count does: changes 32-bit hosts only" in " ".join(result.stdout.split())
    assert "mmu.bytes.total: all" not in result.stdout


@pytest.mark.usefixtures("linux")
def test_an_array_without_a_length_of_a_patch_that_nobody_knows(run: Run) -> None:
    """It is said; a proposal of the user's own says how many entries there are."""
    Path("one.mbox").write_text(mail(small.TYPES.replace("14", "0")), encoding="utf-8")
    words = ("patch", "one.mbox", "--base", "HEAD~3", "--tree", "linux")
    text = " ".join(run(*words).stdout.split())
    assert "the patch takes kernel.pte_list_ext out of them: as before, unless --proposal FILE says it" in text
    Path("mine.toml").write_text('title = "mine"\n[kernel]\npte_list_ext = 6\n', encoding="utf-8")
    data = document(run(*words, "--proposal", "mine.toml", "--format", "json"))
    assert data["patches"][0]["proposals"] == ["mine.toml"]
    assert data["headline"].startswith("pte_list_desc shrinks from 128 to 64 bytes. ")


@pytest.mark.usefixtures("linux")
def test_a_patch_that_changes_nothing(run: Run) -> None:
    result = run("patch", "HEAD~1", "--tree", "linux")
    said = "The patch changes no struct that ptelist knows, and what KVM's MMU takes stays the same."
    assert " ".join(result.stdout.split()).startswith(said)
    assert "mmu.bytes.total" not in result.stdout


def test_a_struct_that_costs_nothing(run: Run, tmp_path: Path) -> None:
    """The counter of a descriptor is split in two (141705b78381), and nothing is larger for it."""
    before = built(tmp_path / "walk", era="walk")
    after = built(tmp_path / "head", era="head", flags=btf_writer.FLAGS["walk"], slot=btf_writer.SLOT["walk"])
    small.write(tmp_path, {"slot.toml": "[kernel]\nlist_policy = 'walk'\n"})
    result = run("patch", "--before", before, "--after", after, "--kernel", "6.3", "--set", "kernel.list_policy=head")
    assert result.exit_code == 0, result.output
    assert "stays the same" in result.stdout


def test_an_option_of_the_configuration(run: Run, linux: Path) -> None:
    small.commit(linux, "KVM: Add an option", {"Kconfig": "CONFIG_KVM_NEW=y\n"})
    data = document(run("patch", "HEAD", "--tree", "linux", "--format", "json"))
    assert data["patches"][0]["config"] == {"KVM_NEW": {"before": "n", "after": "y"}}
    assert "CONFIG_KVM_NEW: n -> y" in run("patch", "HEAD", "--tree", "linux").stdout


@pytest.mark.usefixtures("linux")
def test_what_it_is_built_with(run: Run) -> None:
    """The tree's own configuration, or a file that --config names, which figures rest on as well."""
    small.write(Path(), {"mine": "CONFIG_KVM=y\n# CONFIG_MEMCG is not set\n"})
    text = " ".join(run("patch", "HEAD~2", "--tree", "linux").stdout.split())
    assert "6.18.2, with linux/.config, before and with each patch" in text
    mine = run("patch", "HEAD~2", "--tree", "linux", "--config", "mine")
    assert "with mine, before and with each patch" in " ".join(mine.stdout.split())
    assert "no memory controller" in mine.stdout
    preset = run("patch", "HEAD~2", "--tree", "linux", "--config", "upstream")
    assert "with linux/.config" in " ".join(preset.stdout.split())


def test_changes_that_are_not_committed_are_left_out(run: Run, linux: Path) -> None:
    small.write(linux, {small.SOURCE: "broken"})
    result = run("patch", "HEAD~2", "--tree", "linux")
    assert "linux has changes that are not committed: they are left out" in result.stdout


@pytest.mark.usefixtures("linux")
def test_a_place_of_the_users(run: Run) -> None:
    data = document(run("patch", "HEAD~2", "--tree", "linux", "--host", "single-cpu", "--vms", "3", "--format", "json"))
    assert list(costs(data)) == ["single-cpu", "1,000 x single-cpu"]
    assert "on single-cpu (3 VMs of 4 vCPUs) and " in data["headline"]
    both = document(run("patch", "HEAD~2", "--tree", "linux", "--vm", "tdp+nested", "--format", "json"))
    assert "on laptop (2 VMs with 5 vCPUs), " in both["headline"]


@pytest.mark.usefixtures("linux")
def test_a_fleet(run: Run, tmp_path: Path) -> None:
    """Each host as if it ran the tree, whatever its kernel is: what two fleets with the two builds differ by."""
    Path("hosts.csv").write_text(
        "host,kernel,cpus,vcpus,memory,count\na,5.14.0-427.el9.x86_64,8,4,4GiB,3\nb,6.1.0,256,16,64GiB,8\n",
        encoding="utf-8",
    )
    words = ("patch", "HEAD~3..HEAD", "--tree", "linux", "--fleet", "hosts.csv")
    data = document(run(*words, "--format", "json"))
    cost = costs(data)["hosts.csv"]
    assert "on the 2 hosts of hosts.csv (11 VMs)." in data["headline"]
    before, after = built(tmp_path / "before.btf", page=168), built(tmp_path / "after.btf", page=128)
    low = 0
    for cpus, memory, vcpus, vms in (("8", "4GiB", "4", "3"), ("256", "64GiB", "16", "8")):
        said = ("--host", "server-64", "--cpus", cpus, "--memory", memory, "--vcpus", vcpus, "--vms", vms)
        known = run(
            "compare", "--kernel-from", f"{before},{after}", "--kernel", "6.18.2", "--config", "linux/.config", *said,
            "--figure", TOTAL, "--format", "csv",
        )  # fmt: skip
        low += int(known.stdout.splitlines()[-1].split(",")[-2])
    assert cost["change"]["low"] == low
    assert [each["label"] for each in cost["patches"]] == [each["label"] for each in data["patches"] if each["structs"]]
    text = run(*words).stdout
    assert "--fleet FILE reads an inventory" not in text
    assert "fleet: hosts.csv, each host as if it ran this kernel, whatever it says it runs" in " ".join(text.split())
    small.write(Path(), {"bad.csv": "host,vcpus\na,none\n"})
    assert "bad.csv:2: vcpus" in refused(run("patch", "HEAD~2", "--tree", "linux", "--fleet", "bad.csv"))


def test_a_fleet_without_end(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptelist.patch.fleets.MOST_BYTES", 1 << 20)
    before, after = built(tmp_path / "a", page=168), built(tmp_path / "b", page=184)
    said = refused(run("patch", "--before", before, "--after", after, "--fleet", "/dev/zero"))
    assert said == "ptelist: /dev/zero: larger than 1 MiB, expected CSV or JSON lines\n"


def test_no_folder_for_a_copy(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two builds need none."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    before, after = built(tmp_path / "a", page=168), built(tmp_path / "b", page=184)
    assert run("patch", "--before", before, "--after", after, "--kernel", "6.18").exit_code == 0
    small.tree(tmp_path / "tree")
    said = refused(run("patch", "HEAD~1..", "--tree", "tree"))
    assert said == "ptelist: no folder for a copy of the tree: No such file or directory; TMPDIR can name one\n"


def test_a_host_of_a_fleet_that_cannot_run_what_is_behind(run: Run, tmp_path: Path) -> None:
    """A TDX guest needs a cache that the series takes away."""
    small.write(tmp_path, {"tdx.csv": "host,vcpus,tdx,leaf\na,4,on,4K\nb,4,off,4K\n"})
    before, after = built(tmp_path / "with", era="head"), built(tmp_path / "without", era="walk")
    words = ("--before", before, "--after", after, "--kernel", "6.18", "--fleet", "tdx.csv")
    said = refused(run("patch", *words))
    assert said.startswith("ptelist: tdx.csv: ")
    assert "external page-table cache" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "expected a mbox or commits with --tree DIR, or --before FILE and --after FILE"),
        ("HEAD --tree nowhere", "--tree nowhere: no arch/x86/kvm/mmu/mmu.c there, expected a kernel's source"),
        ("v6.1 --tree linux", 'v6.1: no file and no commit of linux is called "v6.1"'),
        ("v6.1.. --tree linux", 'v6.1..: no file and no commit of linux is called "v6.1"'),
        ("HEAD..HEAD --tree linux", "HEAD..HEAD: no commits: HEAD has none that HEAD has not"),
        ("HEAD~3 --tree linux", "HEAD~3: no file and no commit of linux is called"),
        ("HEAD --tree linux --base HEAD~1", "--base: HEAD says itself which commit is before it"),
        ("text --tree linux", "text: no mail with a patch in it, expected a mbox with patches"),
        (". --tree linux", ".: is a directory, expected a mbox with patches"),
        ("late.mbox --tree linux", "the patch does not apply: patch failed: arch/x86/kvm/mmu/mmu.c:1"),
        ("late.mbox --tree linux --base v9", '--base: no file and no commit of linux is called "v9"'),
        ("broken.mbox --tree linux --base HEAD~3", "the patch cannot be built: make: mmu.c:3:1: error: expected ';'"),
        ("odd.mbox --tree linux --base HEAD~3", "the patch cannot be built: pahole: found no types in arch/x86/kvm/"),
        ("HEAD --tree linux --ext 2,14", "--ext: has 2 values, expected one"),
        ("HEAD --tree linux --kernel-from x", "--kernel-from: two builds are --before FILE and --after FILE"),
        ("HEAD --tree linux --config nokvm", "nokvm: has no CONFIG_KVM, so there is no KVM to build"),
        ("HEAD --tree linux --kernel 9.9", "no profile for kernel 9.9"),
        ("HEAD --tree linux --config upsteam", "did you mean upstream?"),
        ("HEAD --tree linux --fleet text", "text:1: no column host"),
        ("HEAD --tree linux --fleet nothing", "nothing: cannot be read"),
        ("--before a", "--after: is missing: builds are given as --before FILE and --after FILE"),
        ("--after a", "--before: is missing"),
        ("--before a --after b --tree linux", "built already: without --tree and --base"),
        ("--before nothing --after nothing", "nothing: cannot be read"),
        ("HEAD --tree linux --l2-memory 1GiB", "--l2-memory"),
    ],
)
@pytest.mark.usefixtures("linux")
def test_bad_input(run: Run, words: str, says: str) -> None:
    small.write(Path(), {
        "text": "no mail\n",
        "late.mbox": mail(GROWN),
        "broken.mbox": mail("broken"),
        "odd.mbox": mail(""),
        "nokvm": "CONFIG_MEMCG=y\n",
    })  # fmt: skip
    assert says in refused(run("patch", *words.split()))


def test_a_tree_without_a_configuration(run: Run, linux: Path) -> None:
    (linux / ".config").unlink()
    assert "--tree: linux has no .config: --config FILE names one" in refused(run("patch", "HEAD", "--tree", "linux"))


def test_more_commits_than_anyone_builds(run: Run, linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptelist.patch.tree.MOST_PATCHES", 2)
    said = refused(run("patch", "HEAD~3..HEAD", "--tree", str(linux)))
    assert said == "ptelist: HEAD~3..HEAD: 3 commits, at most 2\n"


def test_a_tree_of_an_unknown_release(run: Run, tmp_path: Path) -> None:
    tree = small.tree(tmp_path / "new", version="9.9.0-rc1\n")
    small.commit(tree, "KVM: x86/mmu: Grow", {small.SOURCE: GROWN})
    said = refused(run("patch", "HEAD", "--tree", "new"))
    assert said.startswith("ptelist: --tree new: no profile for kernel 9.9; ")
    assert said.endswith("choose one with --kernel\n")
    assert run("patch", "HEAD", "--tree", "new", "--kernel", "6.18").exit_code == 0


def test_what_is_no_repository(run: Run, tmp_path: Path) -> None:
    """Git says why: here that there is nothing in .git, elsewhere that it is another user's."""
    tree = small.source(tmp_path / "odd")
    (tree / ".git").mkdir()
    assert refused(run("patch", "HEAD", "--tree", "odd")).startswith("ptelist: git: fatal: not a git repository")


def test_where_it_cannot_be_built(run: Run, linux: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is missing, and what to run elsewhere."""
    some = small.programs(tmp_path / "some", monkeypatch, only=True)
    (some / "git").symlink_to(GIT or "")
    for name in ("pahole", "flex"):
        (some / name).unlink()
    said = refused(run("patch", "HEAD", "--tree", str(linux)))
    assert said.startswith("ptelist: --tree: cannot be built here, flex and pahole are not installed; where all are: ")
    assert "pahole --btf_encode_detached=before.btf arch/x86/kvm/mmu/mmu.o" in said
    assert said.endswith("then: ptelist patch --before before.btf --after after.btf\n")


def test_two_builds(run: Run, tmp_path: Path) -> None:
    small.write(tmp_path, {"two.mbox": mail(GROWN, "[PATCH 1/2] KVM: Grow") + mail(GROWN, "[PATCH 2/2] KVM: More")})
    before, after = built(tmp_path / "a", page=168), built(tmp_path / "b", page=184, locks=True)
    words = ("--before", before, "--after", after, "--kernel", "6.18")
    data = document(run("patch", *words, "--format", "json"))
    assert [patch["title"] for patch in data["patches"]] == ["a -> b"]
    assert [patch["label"] for patch in data["patches"]] == ["the patch"]
    series = document(run("patch", "two.mbox", *words, "--format", "json"))
    assert [patch["title"] for patch in series["patches"]] == ["[PATCH 1/2] KVM: Grow (and 1 more)"]
    assert series["costs"][0]["change"] == data["costs"][0]["change"]
    back = run("patch", "--before", after, "--after", before, "--kernel", "6.18")
    said = "CONFIG_DEBUG_LOCK_ALLOC (by PROVE_LOCKING or LOCK_STAT) and CONFIG_DEBUG_SPINLOCK: structs that hold a lock"
    assert said in " ".join(back.stdout.split())


def test_structs_without_a_cache_of_their_own(run: Run, tmp_path: Path) -> None:
    """A memory cache that has its pointers outside (837f66c71207, in v6.0)."""
    before, after = built(tmp_path / "inside", era="array"), built(tmp_path / "outside", era="walk", ext=3, page=168)
    data = document(run("patch", "--before", before, "--after", after, "--kernel", "5.19", "--format", "json"))
    assert "kvm_mmu_memory_cache shrinks from 336 to 40 bytes" in data["headline"]


def test_builds_of_two_releases(run: Run, tmp_path: Path) -> None:
    names = []
    for release in ("6.18.1", "6.18.2"):
        file = tmp_path / release
        sections = {".BTF": btf_writer.kernel().blob(), ".rodata": f"Linux version {release} (x)".encode()}
        file.write_bytes(btf_writer.elf(sections))
        names.append(str(file))
    result = run("patch", "--before", names[0], "--after", names[1])
    assert "builds: they are of different releases" in result.stdout
    assert "before: 6.18.1 (6.18.1)" in result.stdout


def test_a_program_that_hangs(tmp_path: Path) -> None:
    """It is ended, and so is what it started."""
    with pytest.raises(PtelistError, match="sh: was ended after 0 minutes"):
        programs.run(("sh", "-c", "sleep 60 & wait"), tmp_path, 0)
    with pytest.raises(PtelistError, match="no-such-program: cannot be run: No such file"):
        programs.run(("no-such-program",), tmp_path, 1)
    with pytest.raises(PtelistError, match=r"^sh: exit 3$"):
        programs.run(("sh", "-c", "exit 3"), tmp_path, 1)


@pytest.mark.parametrize("own", ["make: ", "make[2]: "])
def test_a_program_is_named_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    """As make begins its own lines with its name."""
    make = tmp_path / "make"
    make.write_text(f"#!/bin/sh\necho \"{own}*** No rule to make target 'x'.  Stop.\" >&2\nexit 2\n", encoding="utf-8")
    make.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(PtelistError) as caught:
        programs.run(("make", "x"), tmp_path, 1)
    assert str(caught.value) == "make: *** No rule to make target 'x'. Stop."


def test_a_program_ends_with_ptelist(tmp_path: Path) -> None:
    """Ctrl-C while the kernel is built: the compiler does not go on."""
    pid = tmp_path / "pid"

    def interrupt(*_: object) -> None:
        if pid.exists() and pid.read_text(encoding="ascii"):  # the shell has begun, whatever time that took
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    known = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        with pytest.raises(KeyboardInterrupt):
            programs.run(("sh", "-c", "sleep 60 & echo $! > pid; wait"), tmp_path, 1)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, known)
    state = Path("/proc", pid.read_text(encoding="ascii").strip(), "stat")
    for _ in range(3000):  # a process that was killed is there until it has been scheduled once more
        if not state.exists() or " Z " in state.read_text(encoding="ascii"):
            return
        time.sleep(0.01)
    pytest.fail(f"it still runs: {state.read_text(encoding='ascii')}")
