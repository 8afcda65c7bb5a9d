"""A patch series out of mails: what git format-patch writes, b4 or an archive of a list gives."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.patch.mail import Mail, parsed
from ptelist.patch.series import MOST_PATCHES, Patch, Series
from ptelist.readers.builds.unpack import GZIP, XZ, unpack
from ptelist.scenario.inputs import noted, stdin

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES, MOST_MAILS = 1 << 25, 10_000
"""A series of many versions, with all replies, has some MB."""
QUOTED = 80
"""Characters of a subject in a message."""
EXPECTED = "a mbox with patches"
BETWEEN = re.compile(rb"(?m)^From [^\n]{0,200}?\d:\d\d:\d\d [^\n]{0,40}?\d{4}[^\n]{0,40}\n(?=[A-Za-z-]+:)")
"""The line before each mail's head, which has a time and a year, as git mailsplit tells it from prose."""

DIFF = re.compile(r"(?m)^(?:diff --git |--- a/)")
NUMBER, VERSION = re.compile(r"\b(\d{1,4})/(\d{1,4})\b"), re.compile(r"(?:\b|patch)v(\d{1,3})\b", re.IGNORECASE)
COVER = 0
"""The number of a cover letter: what it quotes of changes since the last version is no patch."""
BASE = re.compile(r"(?m)^base-commit: ([0-9a-f]{12,64})\s*$")
TRAILER = re.compile(r"(?mi)^(?:link|message-id):[ \t]*(\S+)[ \t]*$")


def read(path: str) -> Series:
    """Return the series in a file (- is stdin), packed or not, without what was replied to it.

    Of several versions it is the newest. Raises PtelistError if there is none, or a patch of it is missing.
    """
    mails = [each for each in _mails(_bytes(path), path) if not re.match(r"(?i)re:", each.subject)]
    newest = max((each.tag(VERSION) for each in mails), default=())
    mails = [each for each in mails if each.tag(VERSION) == newest]
    found = [each for each in mails if DIFF.search(each.text) and each.tag(NUMBER)[:1] != (COVER,)]
    if not found:
        raise PtelistError(f"{path}: no mail with a patch in it, expected {EXPECTED}")
    if len(found) > MOST_PATCHES:
        raise PtelistError(f"{path}: {len(found):,} patches, at most {MOST_PATCHES}")
    bases = [match[1] for each in mails if (match := BASE.search(each.text))]
    ordered = _ordered(found, path)
    patches = (_patch(each, _label(each, place, len(ordered))) for place, each in enumerate(ordered, 1))
    return Series(tuple(patches), bases[0] if bases else "")


def _bytes(path: str) -> bytes:
    try:
        if path == "-":
            data = stdin().read(MOST_BYTES + 1)
        else:
            with open(path, "rb") as file:  # noqa: PTH123 -- a FIFO as well
                data = noted(file).read(MOST_BYTES + 1)
    except IsADirectoryError:
        raise PtelistError(f"{path}: is a directory, expected {EXPECTED}") from None
    except OSError as error:
        raise PtelistError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{path}: larger than {MOST_BYTES >> 20} MiB, expected {EXPECTED}")
    return unpack(data, path, MOST_BYTES) if data.startswith((GZIP, XZ)) else data


def _mails(data: bytes, path: str) -> Iterator[Mail]:
    data = data.replace(b"\r\n", b"\n")
    starts = [match.end() for match in islice(BETWEEN.finditer(data), MOST_MAILS + 1)] or [0]
    if len(starts) > MOST_MAILS:
        raise PtelistError(f"{path}: more than {MOST_MAILS:,} mails, expected one series")
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        try:
            yield parsed(data[start:end])
        except ValueError as error:
            line = data.count(b"\n", 0, start) + 1
            raise PtelistError(f"{path}:{line}: {error}, expected {EXPECTED}") from None


def _ordered(mails: list[Mail], path: str) -> list[Mail]:
    """Return patches by their numbers, if they have any; raises PtelistError if one is missing or there twice."""
    numbers = [each.tag(NUMBER) for each in mails]
    if not any(numbers):
        return mails
    if not all(numbers):
        alone = mails[numbers.index(())]
        raise PtelistError(f'{path}: "{alone.subject[:QUOTED]}" has no number, others have: expected one series')
    _, count = numbers[0]
    wanted = [(number, count) for number in range(1, count + 1)]
    if len(wanted) <= MOST_PATCHES and (lacking := [each for each in wanted if each not in numbers]):
        raise PtelistError(f"{path}: patch {lacking[0][0]}/{count} is missing")
    if len(mails) != len(wanted):
        raise PtelistError(f"{path}: {len(mails)} patches of a series of {count}: expected one series")
    return [mails[numbers.index(each)] for each in wanted]


def _label(mail: Mail, place: int, count: int) -> str:
    """Return what tells a patch from the others of its series."""
    if number := mail.tag(NUMBER):
        return "{}/{}".format(*number)
    return f"patch {place}" if count > 1 else "the patch"


def _patch(mail: Mail, label: str) -> Patch:
    start = DIFF.search(mail.text)
    body = mail.text[: start.start()] if start else ""
    ids = frozenset([mail.message, *messages(body)]) - {""}
    diff = mail.text[len(body) :]
    return Patch(label, mail.subject, ids, diff if diff.endswith("\n") else f"{diff}\n")


def messages(text: str) -> Iterator[str]:
    """Yield the message-ids in a commit's trailers: of Link: and of Message-Id:."""
    for said in TRAILER.findall(text):
        *_, last = re.split("[<>/]", said.removesuffix("/").removesuffix(">"))
        if "@" in last[1:-1]:
            yield last
