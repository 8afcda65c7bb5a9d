"""A patch series out of mails: what git format-patch writes, b4 or an archive of a list gives."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.patch.series import MOST_PATCHES, Patch, Series
from ptelist.readers.builds.unpack import unpack
from ptelist.scenario.inputs import noted, stdin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

MOST_BYTES = 1 << 26
EXPECTED = "a mbox with patches"
PACKED = (b"\x1f\x8b", b"\xfd7zXZ\0")
"""How a file of an archive's begins: gzip, or xz."""

BETWEEN = re.compile(rb"(?m)^From [^\n]*\n(?=[A-Za-z-]+:)")
"""The line before each mail's head."""

DIFF = re.compile(r"(?m)^(?:diff --git |--- a/)")
TAGS = re.compile(r"\[([^\]]*\bPATCH\b[^\]]*)\]", re.IGNORECASE)
NUMBER, VERSION = re.compile(r"\b(\d{1,4})/(\d{1,4})\b"), re.compile(r"\bv(\d{1,3})\b", re.IGNORECASE)
BASE = re.compile(r"(?m)^base-commit: ([0-9a-f]{12,64})\s*$")
TRAILER = re.compile(r"(?mi)^(?:link|message-id):\s*\S*?([^\s<>/]+@[^\s<>/]+?)>?/?\s*$")


class Mail(NamedTuple):
    """One mail of a series, a cover letter too."""

    subject: str
    message: str
    text: str

    def tag(self, pattern: re.Pattern[str]) -> tuple[int, ...]:
        """Return the numbers in the brackets before the subject that a pattern finds, none if there are none."""
        tags = TAGS.match(self.subject)
        found = pattern.search(tags[1]) if tags else None
        return tuple(map(int, found.groups())) if found else ()


def read(path: str) -> Series:
    """Return the series in a file (- is stdin), packed or not, without what was replied to it.

    Of several versions it is the newest. Raises PtelistError if there is none, or a patch of it is missing.
    """
    mails = [each for each in _mails(_bytes(path), path) if not re.match(r"(?i)re:", each.subject)]
    newest = max((each.tag(VERSION) for each in mails), default=())
    mails = [each for each in mails if each.tag(VERSION) == newest]
    found = [each for each in mails if DIFF.search(each.text)]
    if not found:
        raise PtelistError(f"{path}: no mail with a patch in it, expected {EXPECTED}")
    if len(found) > MOST_PATCHES:
        raise PtelistError(f"{path}: {len(found):,} patches, at most {MOST_PATCHES}")
    bases = [match[1] for each in mails if (match := BASE.search(each.text))]
    return Series(tuple(map(_patch, _ordered(found, path))), bases[0] if bases else "")


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
    return unpack(data, path, MOST_BYTES) if data.startswith(PACKED) else data


def _mails(data: bytes, path: str) -> Iterator[Mail]:
    data = data.replace(b"\r\n", b"\n")
    starts = [match.end() for match in BETWEEN.finditer(data)] or [0]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        try:
            mail = message_from_bytes(data[start:end], policy=policy.default)
            yield Mail(" ".join(str(mail["subject"] or "").split()), _message(mail), _text(mail))
        except Exception as error:  # noqa: BLE001 -- the library has errors of all kinds for what is no mail
            line = data.count(b"\n", 0, start) + 1
            raise PtelistError(f"{path}:{line}: not a mail: {type(error).__name__}, expected {EXPECTED}") from None


def _message(mail: EmailMessage) -> str:
    """Return the message-id as it stands: the library refuses those that are odd."""
    said = [value for name, value in mail.raw_items() if name.lower() == "message-id"]
    return str(said[0]).strip().strip("<>") if said else ""


def _text(mail: EmailMessage) -> str:
    """Return the text of a mail, that of an attached patch if it is the first one."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            raw = part.get_payload(decode=True)
            return raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else ""
    return ""


def _ordered(mails: list[Mail], path: str) -> list[Mail]:
    """Return patches by their numbers; raises PtelistError if one is missing or there twice."""
    numbers = [each.tag(NUMBER) for each in mails]
    if not all(numbers):
        return mails
    _, count = numbers[0]
    wanted = [(number, count) for number in range(1, count + 1)]
    if len(wanted) <= MOST_PATCHES and (lacking := [each for each in wanted if each not in numbers]):
        raise PtelistError(f"{path}: patch {lacking[0][0]}/{count} is missing")
    if len(mails) != len(wanted):
        raise PtelistError(f"{path}: {len(mails)} patches of a series of {count}: expected one series")
    return [mails[numbers.index(each)] for each in wanted]


def _patch(mail: Mail) -> Patch:
    start = DIFF.search(mail.text)
    number = mail.tag(NUMBER)
    label = "{}/{}".format(*number) if number else "the patch"
    body = mail.text[: start.start()] if start else ""
    ids = frozenset([mail.message, *messages(body)]) - {""}
    diff = mail.text[len(body) :]
    return Patch(label, mail.subject, ids, diff if diff.endswith("\n") else f"{diff}\n")


def messages(text: str) -> Iterator[str]:
    """Yield the message-ids in a commit's trailers: of Link: and of Message-Id:."""
    yield from TRAILER.findall(text)
