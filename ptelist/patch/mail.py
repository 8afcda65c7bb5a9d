"""One mail, within bounds: Python's library takes long and much memory for what is no mail of a person's."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from email.message import Message

MOST_BYTES, MOST_HEAD, MOST_FIELD, MOST_PARTS = 1 << 22, 1 << 16, 1000, 100
"""Bytes of a mail and of its head, characters of a subject and of what a part says that it is, and parts."""

TAGS = re.compile(r"\[([^\]]*\bPATCH(?:v\d+)?\b[^\]]*)\]", re.IGNORECASE)
KIND = re.compile(rb"(?mi)^content-type:[^\n]*(?:\n[ \t][^\n]*)*")
CHARSETS = re.compile(
    r"us-ascii|utf-8|(iso-8859|windows|cp|koi8|gb|euc|iso-2022)[\w-]*|big5|shift_jis", re.ASCII | re.IGNORECASE
)
"""What people write mails in: Python knows others that can make anything of a text."""


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


def parsed(data: bytes) -> Mail:
    """Return the mail that a text is; raises ValueError for more than a mail has."""
    head = data.partition(b"\n\n")[0]
    kinds = KIND.findall(data)
    for count, most, what in (
        (len(data), MOST_BYTES, "bytes in a mail"),
        (len(head), MOST_HEAD, "bytes in the head of a mail"),
        (len(kinds), MOST_PARTS, "parts in a mail"),
        (max(map(len, kinds), default=0), MOST_FIELD, "characters in a Content-Type"),
    ):
        if count > most:
            raise ValueError(f"{count:,} {what}, at most {most:,} can be there")
    mail = message_from_bytes(data)
    return Mail(_subject(_field(mail, "subject")), _field(mail, "message-id").strip("<>"), _text(mail))


def _field(mail: Message, name: str) -> str:
    """Return a field of a mail's head as it stands, but for where its lines end; empty if there is none."""
    said = next((str(value) for each, value in mail.raw_items() if each.lower() == name), "")
    return " ".join(said.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def _subject(said: str) -> str:
    """Return a subject without what encodes it, as far as that can be told.

    Raises ValueError for one that is longer than any.
    """
    if len(said) > MOST_FIELD:
        raise ValueError(f"a subject of {len(said):,} characters, at most {MOST_FIELD:,} can be there")
    try:
        parts = [_decoded(part, charset) for part, charset in decode_header(said)]
    except (MessageError, LookupError, ValueError):
        return said
    return " ".join("".join(parts).encode("utf-8", "replace").decode().split())


def _decoded(part: bytes | str, charset: str | None) -> str:
    """Return a part of a field; raises LookupError for what nobody writes mails in."""
    if isinstance(part, str):
        return part
    if charset is None:
        return part.decode("raw-unicode-escape")
    name = charset.partition("*")[0]  # a language may stand behind it
    if not CHARSETS.fullmatch(name):
        raise LookupError(charset)
    return part.decode(name, "replace")


def _text(mail: Message) -> str:
    """Return the text of a mail, that of an attached patch if it is the first one."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            part.del_param("charset")  # a patch is bytes, whatever it says
            raw = part.get_payload(decode=True)
            return raw.decode("utf-8", "surrogateescape") if isinstance(raw, bytes) else ""
    return ""
