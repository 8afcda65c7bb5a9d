"""A case, and a draft of one: words, files, and how each file reaches the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fuzz import atoms

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

PIPE_BYTES = 1 << 20
"""What a pipe holds without a reader, once it is told to (fcntl(2), F_SETPIPE_SZ); Linux lets anybody have that."""
FIRST_PIPE = 60
"""The descriptor of the first file that comes through a pipe, as a shell numbers those of <(...)."""


STREAMS = ("full stdout", "closed stdout", "broken stdout", "closed stdin", "full stderr", "closed stderr")
"""What may be wrong with a stream; a broken one is a pipe that nobody reads."""


class Case(NamedTuple):
    """One run of ptelist."""

    words: list[str]
    """What follows `ptelist`; bytes that are no UTF-8 as surrogates."""
    files: dict[str, bytes]
    """In the case's folder, where it runs."""
    links: dict[str, str]
    pipes: list[bytes]
    """What comes through the descriptors from FIRST_PIPE on."""
    stdin: bytes
    env: dict[str, str]
    writes: set[str]
    """The files that it may write."""
    odd: str = ""
    """What is wrong with one of its streams: one of STREAMS."""

    @property
    def command(self) -> str:
        return next((word for word in self.words if not word.startswith("-")), "")


ODD_STREAMS, NO_FILE, HUGE = 0.04, 0.01, 0.03
"""So often a stream is odd, what is named is no file, or a file is huge."""


class Draft:
    """Collects the files of a case; its methods return the words that stand for them."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = {}
        self.pipes: list[bytes] = []
        self.stdin: bytes | None = None
        self.writes: set[str] = set()
        self.env: dict[str, str] = {}

    def given(self, data: bytes, suffix: str = "", how: Callable[[Random, bytes], bytes] | None = None) -> str:
        """Return the word for a file of these bytes, mutated at times: mostly a file, else a pipe, stdin or a link."""
        from fuzz import huge, mutate  # noqa: PLC0415 -- what they make needs no draft

        odd = self.chance.random()
        if odd < NO_FILE:
            return self.chance.choice(huge.NO_FILES)
        if odd < NO_FILE + HUGE:
            data = huge.file(self.chance, suffix)
        data = mutate.maybe(self.chance, data, how or mutate.text)
        way = self.chance.random()
        if way < 0.08 and self.stdin is None:
            self.stdin = data
            return self.chance.choice(("-", "-", "/dev/stdin"))
        if way < 0.16 and len(data) < PIPE_BYTES:
            self.pipes.append(data)
            return f"/dev/fd/{FIRST_PIPE + len(self.pipes) - 1}"
        name = self.put(data, suffix)
        if way < 0.2:
            link = self.name(suffix)
            self.links[link] = name
            name = link
        return name if self.chance.random() < 0.3 and not name.startswith("-") else f"./{name}"

    def put(self, data: bytes, suffix: str = "") -> str:
        """Return the name of a new file."""
        name = self.name(suffix)
        self.files[name] = data
        return name

    def name(self, suffix: str = "") -> str:
        """Return a name that is free."""
        taken = {*self.files, *self.links, *self.writes, *(name.partition("/")[0] for name in self.files)}
        stem = self.chance.choice(atoms.FILE_NAMES) if self.chance.random() < 0.12 else "f"
        names = (f"{stem}{number or ''}{suffix}" for number in range(len(taken) + 1))
        return next(name for name in names if name not in taken)

    def output(self, suffix: str = "") -> str:
        """Return the word for a file to write: a new one, one that is there, or what cannot be one."""
        how = self.chance.random()
        if how < 0.8:
            name = self.name(suffix)
            self.writes.add(name)
            return f"./{name}"
        if how < 0.86:
            name = self.put(b"old\n", suffix)
            self.writes.add(name)
            return f"./{name}"
        if how < 0.9 and self.files:
            return f"./{self.chance.choice(list(self.files))}"
        return self.chance.choice((".", "./nowhere/f", "", "-", "/dev/null", "/dev/stdout", "x/", "/dev/full"))

    def case(self, words: list[str]) -> Case:
        """Return the case, in an environment that is odd at times."""
        env = {"LANG": "C.UTF-8", **self.env}
        if self.chance.random() < 0.3:
            env["COLUMNS"] = self.chance.choice(("20", "40", "60", "72", "80", "120", "1", "0", "-5", "x", "9" * 30))
        if self.chance.random() < 0.1:
            env["FORCE_COLOR"] = "1"
        if self.chance.random() < 0.05:
            env["LANG"] = self.chance.choice(("C", "POSIX", "tr_TR.UTF-8", ""))
        return Case(
            [word.replace("\0", "")[:100_000] for word in words],
            self.files,
            self.links,
            self.pipes,
            self.stdin or b"",
            env,
            self.writes,
            self.chance.choice(STREAMS) if self.chance.random() < ODD_STREAMS else "",
        )
