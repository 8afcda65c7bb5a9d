"""A user's kernel tree, of which copies are taken and in which nothing is ever written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.patch.mbox import messages
from ptelist.patch.programs import ProgramError, run
from ptelist.patch.series import MOST_PATCHES, Patch, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

GIT = ("git", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", "-c", "core.fsmonitor=false")
"""No hook of the user's runs in a copy."""

SOURCE = "arch/x86/kvm/mmu/mmu.c"
"""The file that knows all structs that ptelist does; it is there from v5.8 on."""

SHORT, LOOK_UP, COPY = 12, 2, 30
"""Digits of a hash that are said; minutes that git and cp may take."""


class Tree:
    """A git work tree, or plain source."""

    def __init__(self, path: str) -> None:
        """Take its folder; raises PtelistError if no kernel's source is there."""
        self.name, self.path = path, Path(path).absolute()
        if not (self.path / SOURCE).is_file():
            raise PtelistError(f"--tree {path}: no {SOURCE} there, expected a kernel's source, v5.8 or later")
        self.has_git = (self.path / ".git").exists()
        if self.has_git:
            self._git("rev-parse", "--git-dir")  # which fails for what is no repository, or another user's

    def commit(self, name: str) -> str | None:
        """Return the hash of a commit, None if there is no such one."""
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        except PtelistError:
            return None

    def known(self, name: str, option: str) -> str:
        """Return the hash of a commit; raises PtelistError, naming the option, if there is no such one."""
        if not self.has_git:
            raise PtelistError(f"{option}: {self.name} is plain source without git, which has no commits: give a mbox")
        found = self.commit(name)
        if found is None:
            raise PtelistError(f'{option}: no file and no commit of {self.name} is called "{name[:80]}"')
        return found

    def series(self, text: str) -> Series:
        """Return the commits of OLD..NEW, or one commit; raises PtelistError for what is neither."""
        old, dots, new = text.partition("..")
        last = self.known((new.lstrip(".") or "HEAD") if dots else text, text)
        first = self.known((old or "HEAD") if dots else f"{text}^", text)
        lines = self._git("rev-list", "--first-parent", "--reverse", f"{first}..{last}").split()
        if not lines:
            raise PtelistError(f"{text}: no commits: {new or 'HEAD'} has none that {old} has not")
        if len(lines) > MOST_PATCHES:
            raise PtelistError(f"{text}: {len(lines):,} commits, at most {MOST_PATCHES}")
        return Series(tuple(map(self._patch, lines)), first)

    def _patch(self, commit: str) -> Patch:
        subject, _, text = self._git("show", "--no-patch", "--format=%s%n%B", commit).partition("\n")
        title = f'commit {commit[:SHORT]} ("{subject}")'
        return Patch(commit[:SHORT], title, frozenset(messages(text)), commit=commit)

    def is_changed(self) -> bool:
        """Return whether files differ from what is committed; of plain source nobody knows."""
        return self.has_git and bool(self._git("--no-optional-locks", "status", "--porcelain", "--untracked-files=no"))

    def copy(self, folder: Path, commit: str, patches: Sequence[Patch]) -> Copy:
        """Return a copy of the source, in a new folder; `commit` is "" for plain source.

        Raises PtelistError if patches do not apply one after the other, of a commit before any file is written.
        """
        if self.has_git:
            objects = self._git("rev-parse", "--path-format=absolute", "--git-path", "objects").strip()
            folder.mkdir()
        else:
            run(("cp", "-a", "--reflink=auto", "--", str(self.path), str(folder)), self.path, COPY)
        run((*GIT, "init", "--quiet", "--template=", "."), folder, LOOK_UP)
        copy = Copy(folder)
        if self.has_git:
            (folder / ".git/objects/info/alternates").write_text(f"{objects}\n", encoding="utf-8")
            copy.try_on(commit, patches)
            copy.check_out(commit)
        else:
            copy.try_here(patches)
        return copy

    def _git(self, *words: str) -> str:
        return run((*GIT, *words), self.path, LOOK_UP)


class Copy:
    """A tree of ours: it borrows the objects of the user's, and may be written."""

    def __init__(self, path: Path) -> None:
        """Take its folder."""
        self.path = path

    def check_out(self, commit: str) -> None:
        """Make it what a commit has."""
        self._git("checkout", "--quiet", "--force", "--detach", commit)

    def try_on(self, commit: str, patches: Sequence[Patch]) -> None:
        """Apply mails to a commit in git's index alone."""
        self._git("read-tree", commit)
        for patch in patches:
            self._apply(patch, "--cached")

    def try_here(self, patches: Sequence[Patch]) -> None:
        """Apply mails, and take them back."""
        for patch in patches:
            self._apply(patch)
        for patch in reversed(patches):
            self._apply(patch, "--reverse")

    def apply(self, patch: Patch) -> None:
        """Make it what a patch makes of it."""
        if patch.commit:
            self.check_out(patch.commit)
        else:
            self._apply(patch)

    def _apply(self, patch: Patch, *how: str) -> None:
        try:
            self._git("apply", "--whitespace=nowarn", *how, "-", said=patch.diff)
        except ProgramError as error:
            raise PtelistError(f"{patch.label} does not apply: {error.reason.removeprefix('error: ')}") from None

    def _git(self, *words: str, said: str = "") -> None:
        run((*GIT, *words), self.path, COPY, said)
