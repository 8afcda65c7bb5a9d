"""CI's templates: their scripts run in git trees, with a `gh` and a `curl` that keep comments in files."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github/actions/check"
GITLAB = ROOT / ".gitlab"
MANUAL = ROOT / "ptelist/docs/gate.md"
BTF = ROOT / "tests/data/btf"
BUILD = "cp types vmlinux"
GH = """#!/bin/sh
# Comments are files in $COMMENTS, named by number; of --jq it knows the one that finds ours.
echo "$*" >>"$COMMENTS/log"
case "$*" in
*--method*POST*) to=$COMMENTS/1; [ ! -e "$to" ] || exit 9 ;;
*--method*PATCH*) to=$COMMENTS/1 ;;
*) [ ! -e "$COMMENTS/1" ] || echo 1; exit 0 ;;
esac
for word; do case "$word" in body=@*) cp "${word#body=@}" "$to" ;; esac; done
"""
CURL = """#!/usr/bin/env python3
# Notes are those of a merge request, a JSON file in $NOTES; 100 a page.
import json, os, sys, urllib.parse
words, state = sys.argv[1:], os.environ["NOTES"]
notes = json.load(open(state))
assert "secret" not in " ".join(words) and sys.stdin.read() == "PRIVATE-TOKEN: secret\\n"
url = urllib.parse.urlsplit(words[-1])
assert url.path.startswith("/api/v4/projects/3/merge_requests/7/notes"), url
if "--request" not in words:
    page = int(urllib.parse.parse_qs(url.query)["page"][0])
    print(json.dumps(notes[100 * (page - 1) : 100 * page]))
    sys.exit()
body = open(words[words.index("--data-urlencode") + 1].removeprefix("body@")).read()
if words[words.index("--request") + 1] == "POST":
    notes.append({"id": len(notes), "body": body})
else:
    notes[int(url.path.rpartition("/")[2])]["body"] = body
json.dump(notes, open(state, "w"))
"""
PULLS = """#!/usr/bin/env python3
# Pull requests of a branch, by the SHA of their heads; comments go to $COMMENTS, by the number.
import json, os, re, sys
words = sys.argv[1:]
text = " ".join(words)
if "/pulls" in text:
    pulls = json.loads(os.environ["PULLS"])
    branch = next(word for word in words if word.startswith("head=")).removeprefix("head=")
    sha = re.search(r'select\\(.head.sha == "([0-9a-f]+)"\\)', text)[1]
    print(*[number for number, head, at in pulls if (head, at) == (branch, sha)], sep="\\n")
elif "POST" in text:
    number = re.search("issues/([0-9]+)/comments", text)[1]
    body = next(word for word in words if word.startswith("body=@")).removeprefix("body=@")
    open(os.environ["COMMENTS"] + "/" + number, "w").write(open(body).read())
"""
pytestmark = [
    pytest.mark.skipif(not ACTION.is_dir(), reason="an sdist has no .github"),
    pytest.mark.skipif(not shutil.which("git"), reason="git is not installed"),
]


def git(tree: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]
    ran = subprocess.run(["git", *who, *words], cwd=tree, capture_output=True, encoding="utf-8", check=True)
    return ran.stdout.strip()


def commit(tree: Path, types: str) -> str:
    shutil.copy(BTF / types, tree / "types")
    (tree / "note").write_text(f"{types} {len(git(tree, 'log', '--all', '--oneline').splitlines())}", encoding="utf-8")
    git(tree, "add", "types", "note")
    git(tree, "commit", "-qm", types)
    return git(tree, "rev-parse", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree of which the head has larger descriptors than where it branched off, and main has moved on."""
    made = tmp_path / "work" / "tree"
    made.mkdir(parents=True)
    git(made, "init", "-q")
    (made / ".gitignore").write_text("vmlinux\n", encoding="utf-8")
    git(made, "add", ".gitignore")
    git(made, "commit", "-qm", "first")
    commit(made, "6.18")
    git(made, "checkout", "-qb", "topic")
    commit(made, "6.18-grown")
    git(made, "checkout", "-q", "main")
    commit(made, "6.18-grown")
    git(made, "checkout", "-q", "topic")
    return made


@pytest.fixture
def check(tree: Path, tmp_path: Path) -> Callable[..., tuple[int, str, str, str]]:
    """Return what runs the action's first script: its exit code, stdout, stderr and report."""

    def run(**given: str) -> tuple[int, str, str, str]:
        report, output = tmp_path / "report.md", tmp_path / "output"
        output.unlink(missing_ok=True)
        known = {"BUILD": BUILD, "IMAGE": "vmlinux", "BASE": "main", "OPTIONS": "--kernel 6.18", "REPORT": str(report)}
        ran = sh("check.sh", tree, **{**known, "GITHUB_OUTPUT": str(output), **given})
        if report.exists():
            assert output.read_text(encoding="utf-8") == f"report={report}\n"
        return ran.returncode, ran.stdout, ran.stderr, report.read_text(encoding="utf-8") if report.exists() else ""

    return run


def programs(folder: Path, **texts: str) -> str:
    """Write programs that stand for others, and return their folder."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return str(folder)


def sh(script: str, tree: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    first = environment.pop("PATH", "")  # what stands for another program is found before it
    path = os.pathsep.join(filter(None, (first, str(Path(sys.executable).parent), os.environ["PATH"])))
    return subprocess.run(
        ["sh", str(ACTION / script), *words],
        cwd=tree,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_head_is_held_against_where_it_branched_off(tree: Path, check: Callable[..., Any]) -> None:
    """Main has since grown as well: against its newest commit nothing would have changed."""
    code, annotations, said, report = check()
    assert code == 1, said
    assert f"merge base: {git(tree, 'rev-parse', 'main~1')}" in said
    assert "::error" in annotations
    assert "pte_list_desc.size 128 -> 136 bytes, +8" in report
    assert "spte_count grew 4 bytes -> 8 bytes" in report
    assert "--against-from ../ptelist-merge-base/vmlinux" in report
    assert git(tree, "worktree", "list").count("\n") == 0, "the other tree is gone"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"BUILD": "exit 3"}, "the build of the merge base failed"),
        ({"BUILD": "true"}, "the build of the merge base left no vmlinux"),
        ({"BASE": "nowhere"}, "no merge base with nowhere: check out with fetch-depth: 0"),
        ({"BASE": ""}, "no commit to compare with"),
    ],
)
def test_what_cannot_be_built_is_said(check: Callable[..., Any], given: dict[str, str], says: str) -> None:
    code, _, said, report = check(**given)
    assert (code, report) == (2, "")
    assert says in said


def test_there_is_one_comment_written_anew(tree: Path, tmp_path: Path) -> None:
    comments, report = tmp_path / "comments", tmp_path / "report.md"
    comments.mkdir()
    tools = programs(tmp_path / "tools", gh=GH)
    for text in ("first\n", "second\n", "x" * 70_000):
        report.write_text(text, encoding="utf-8")
        ran = sh("comment.sh", tree, "7", str(report), PATH=tools, COMMENTS=str(comments), GITHUB_REPOSITORY="a/b")
        assert ran.returncode == 0, ran.stderr
        body = (comments / "1").read_text(encoding="utf-8")
        assert body.startswith(f"<!-- ptelist check -->\n\n{text[:60_000]}")
        assert len(body) < 65_536
    log = (comments / "log").read_text(encoding="utf-8")
    assert log.count("--method POST repos/a/b/issues/7/comments") == 1
    assert log.count("--method PATCH repos/a/b/issues/comments/1") == 2
    assert "[...] The whole report is in the log" in body


def test_a_link_is_no_report(tree: Path, tmp_path: Path) -> None:
    """Of what a fork leaves nothing else is read."""
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (tmp_path / "report.md").symlink_to(tmp_path / "secret")
    tools = programs(tmp_path / "tools", gh=GH)
    ran = sh("comment.sh", tree, "7", str(tmp_path / "report.md"), PATH=tools, COMMENTS=str(tmp_path))
    assert ran.returncode
    assert "no file with a report" in ran.stderr
    assert not (tmp_path / "log").exists()


def test_a_tree_that_another_run_left_is_in_nobodys_way(tree: Path, check: Callable[..., Any]) -> None:
    """Its own, or that of another clone beside the same folder."""
    git(tree, "worktree", "add", "--quiet", "--detach", "../ptelist-merge-base", "main")
    assert check()[0] == 1
    git(tree, "worktree", "add", "--quiet", "--detach", "../ptelist-merge-base", "main")
    shutil.rmtree(tree / ".git/worktrees")
    assert check()[0] == 1
    assert not (tree.parent / "ptelist-merge-base").exists()
    (tree.parent / "ptelist-merge-base").mkdir()
    (tree.parent / "ptelist-merge-base/mine").touch()
    code, _, said, _ = check()
    assert (code, "cannot be checked out" in said) == (2, True), "a folder that is no tree is left alone"
    assert (tree.parent / "ptelist-merge-base/mine").exists()


def test_a_run_that_is_ended_leaves_no_tree_and_no_report(tree: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("of an earlier run", encoding="utf-8")
    given = {"BUILD": "touch ../began; sleep 1", "IMAGE": "vmlinux", "BASE": "main", "REPORT": str(report)}
    running = subprocess.Popen(["sh", str(ACTION / "check.sh")], cwd=tree, env={**os.environ, **given})
    while not (tree.parent / "began").exists():
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=60) == 2
    assert not (tree.parent / "ptelist-merge-base").exists()
    assert git(tree, "worktree", "list").count("\n") == 0
    assert not report.exists()


def test_the_action_installs_what_it_came_with(tmp_path: Path) -> None:
    log, came = tmp_path / "log", tmp_path / "came"
    shutil.copytree(
        ACTION, came / ".github/actions/check"
    )  # a copy without a package, so that nothing can be installed
    tools = programs(tmp_path / "tools", pip=f'#!/bin/sh\necho "$PWD $PIP_CONSTRAINT $*" >{log}\n')
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    script = came / ".github/actions/check/install.sh"
    subprocess.run(["sh", str(script)], env={"PATH": path, "PIP_NO_INDEX": "1"}, check=True)
    folder, constraints, *words = log.read_text(encoding="utf-8").split()
    assert (Path(folder), Path(constraints), words[-1]) == (came, came / ".ci/constraints.txt", ".[images]")
    assert (ROOT / ".ci/constraints.txt").is_file()
    action = (ACTION / "action.yml").read_text(encoding="utf-8")
    assert re.findall("pip install.*|install.sh", action) == ["install.sh"], "nothing that a registry has newer"


def commented(tmp_path: Path, pulls: str, **head: str) -> tuple[int, list[str]]:
    """Run the manual's workflow for forks on an artifact, and return its exit code and what has a comment."""
    checkout, temp, comments = (tmp_path / name for name in ("checkout", "temp", "comments"))
    shutil.copytree(ACTION, checkout / ".github/actions/check")
    (temp / "report").mkdir(parents=True)
    comments.mkdir()
    (temp / "report/ptelist-check.md").write_text("what moved\n", encoding="utf-8")
    (temp / "report/number").write_text("666\n", encoding="utf-8")
    (recipe,) = re.findall(r"(?s)- run: \|\n(.*?)        env:\n          GH_TOKEN", MANUAL.read_text(encoding="utf-8"))
    tools = programs(tmp_path / "tools", gh=PULLS)
    given = {"GITHUB_REPOSITORY": "a/b", "RUNNER_TEMP": str(temp), "COMMENTS": str(comments), "PULLS": pulls, **head}
    ran = subprocess.run(
        ["bash", "-e", "-c", recipe],
        cwd=checkout,
        env={**os.environ, **given, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        check=False,
    )
    return ran.returncode, sorted(path.name for path in comments.iterdir())


def test_of_a_fork_the_number_is_what_github_says_of_the_head(tmp_path: Path) -> None:
    pulls = '[[5, "x:topic", "ab12"], [6, "x:topic", "cd34"], [7, "y:topic", "ab12"]]'
    assert commented(tmp_path, pulls, OWNER="x", BRANCH="topic", SHA="ab12") == (0, ["5"])


@pytest.mark.parametrize("sha", ["ffff", "", '" or true) | select("'])
def test_of_a_head_that_no_pull_request_has_nothing_is_said(tmp_path: Path, sha: str) -> None:
    code, said = commented(tmp_path, '[[5, "x:topic", "ab12"]]', OWNER="x", BRANCH="topic", SHA=sha)
    assert (code != 0, said) == (True, [])


def test_what_a_fork_leaves_is_apart_from_what_runs() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    (download,) = re.findall(r"(?s)actions/download-artifact.*?- run", text)
    assert "path: ${{ runner.temp }}/report\n" in download


@pytest.fixture
def note(tmp_path: Path) -> Callable[..., tuple[int, str, list[dict[str, Any]]]]:
    """Return what runs GitLab's script with a report: its exit code, stderr, and the notes that there are then."""
    notes = tmp_path / "notes.json"
    notes.write_text("[]", encoding="utf-8")

    def run(text: str, **given: str) -> tuple[int, str, list[dict[str, Any]]]:
        (tmp_path / "report.md").write_text(text, encoding="utf-8")
        known = {
            "CI_API_V4_URL": "https://gitlab.example/api/v4",
            "CI_MERGE_REQUEST_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "7",
            "PTELIST_TOKEN": "secret",
        }
        tools = programs(tmp_path / "tools", curl=CURL)
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        ran = subprocess.run(
            ["sh", str(GITLAB / "note.sh"), str(tmp_path / "report.md")],
            env={**os.environ, **known, "NOTES": str(notes), "PATH": path, **given},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return ran.returncode, ran.stderr, json.loads(notes.read_text(encoding="utf-8"))

    return run


def test_there_is_one_note_written_anew(tmp_path: Path, note: Callable[..., Any]) -> None:
    """On whichever page of notes it stands."""
    others = [{"id": number, "body": "of somebody"} for number in range(250)]
    (tmp_path / "notes.json").write_text(json.dumps(others), encoding="utf-8")
    for text in ("first\n", "second: 1 & 2 = 3\n"):
        code, said, notes = note(text)
        assert (code, said, notes[:250]) == (0, "", others)
        assert [each["body"] for each in notes[250:]] == [f"<!-- ptelist check -->\n\n{text}"]


def test_without_a_token_no_note_is_written_and_that_is_said(note: Callable[..., Any]) -> None:
    code, said, notes = note("first\n", PTELIST_TOKEN="")
    assert (code, notes) == (0, [])
    assert "PTELIST_TOKEN has no token here" in said


def job(part: str) -> str:
    """Return the commands of a part of GitLab's job, as its runner joins them."""
    text = (GITLAB / "ptelist-check.yml").read_text(encoding="utf-8")
    (listed,) = re.findall(rf"(?m)^  {part}:\n((?:    .*\n)+)", text)
    commands = re.split(r"(?m)^    - ", listed)[1:]
    return "\n".join(" ".join(each.removeprefix(">-").split()) for each in commands)


def test_the_job_of_gitlab_runs_again_in_a_folder_that_was_kept(tree: Path, tmp_path: Path) -> None:
    """It takes scripts and ptelist of the commit that it names, comments, and ends as the check does."""
    source = tmp_path / "ptelist"
    shutil.copytree(ACTION, source / ".github/actions/check")
    shutil.copytree(GITLAB, source / ".gitlab")
    git(tmp_path, "init", "-q", "ptelist")
    git(source, "add", ".")
    git(source, "commit", "-qm", "first")
    log, notes = tmp_path / "pip", tmp_path / "notes.json"
    notes.write_text("[]", encoding="utf-8")
    tools = programs(tmp_path / "tools", curl=CURL, pip=f"#!/bin/sh\npwd >>{log}\n")
    given = {
        "PTELIST_URL": str(source),
        "PTELIST_COMMIT": git(source, "rev-parse", "HEAD"),
        "CI_JOB_ID": f"test-{os.getpid()}",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(tree, "rev-parse", "main~1"),
        "CI_API_V4_URL": "https://gitlab.example/api/v4",
        "CI_MERGE_REQUEST_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
        "PTELIST_TOKEN": "secret",
        "NOTES": str(notes),
        "BUILD": BUILD,
        "IMAGE": "vmlinux",
        "OPTIONS": "--kernel 6.18",
        "PATH": f"{tools}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
    }

    def run(commands: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", commands],
            cwd=tree,
            env={**os.environ, **given, **more},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    for _ in range(2):
        ran = run(f"{job('before_script')}\n{job('script')}")
        assert ran.returncode == 1, ran.stderr
        assert run(job("after_script")).returncode == 0
    assert "pte_list_desc.size 128 -> 136 bytes, +8" in (tree / "ptelist-check.md").read_text(encoding="utf-8")
    assert "<testsuites" in (tree / "ptelist-check.xml").read_text(encoding="utf-8")
    (only,) = json.loads(notes.read_text(encoding="utf-8"))
    assert "pte_list_desc.size 128 -> 136 bytes, +8" in only["body"]
    assert set(log.read_text(encoding="utf-8").split()) == {f"/tmp/ptelist-test-{os.getpid()}"}
    assert not Path(f"/tmp/ptelist-test-{os.getpid()}").exists()
    unsaid = run(job("before_script"), PTELIST_COMMIT="")
    assert (unsaid.returncode, "PTELIST_COMMIT says no commit" in unsaid.stderr) == (2, True)


def test_every_action_of_others_is_named_by_its_commit() -> None:
    """A tag or a branch may be moved; behind each commit stands the version that it is of."""
    files = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob(".github/actions/*/*.yml"), MANUAL]
    used = [
        line
        for file in files
        for line in re.findall(r"^ +- uses: (.*)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    others = [each for each in used if not each.startswith("ptelist/")]
    assert len(others) >= 20
    assert [each for each in others if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []
