"""One mail: what the fields of its head say, and the first text of its parts.

It is read here and not by Python's library, which takes long and much memory for what is no mail of a person's,
and has errors of all kinds for it.
"""

from __future__ import annotations

import binascii
import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES, MOST_HEAD, MOST_SUBJECT, MOST_PARTS = 1 << 22, 1 << 16, 1000, 10
"""Bytes of a mail, of its head, and of its subject; parts until there is a text."""

TAGS = re.compile(r"\[([^\]]*\bPATCH\b[^\]]*)\]", re.IGNORECASE)
_HEAD = re.compile(rb"(?:(?:[!-9;-~]*:|[ \t]|From )[^\n]*\n)*")
_FIELD = re.compile(rb"(?mi)^(subject|message-id|content-type|content-transfer-encoding):([^\n]*(?:\n[ \t][^\n]*)*)")
_BOUNDARY = re.compile(rb'(?i);\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))')
_ENCODED = re.compile(r"=\?([^?\s]+)\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_BETWEEN = re.compile(r"(?<=\?=)\s+(?==\?)")
"""What parts two encoded words is no blank of the text."""

_CHARSETS = re.compile(
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
    if len(data) > MOST_BYTES:
        raise ValueError(f"a mail of {len(data):,} bytes, at most {MOST_BYTES >> 20} MiB can be there")
    fields, body = _head(data)
    return Mail(_subject(fields.get("subject", "")), fields.get("message-id", "").strip("<>"), _text(fields, body))


def _head(data: bytes) -> tuple[dict[str, str], bytes]:
    """Return the fields of a mail, or of a part of one, by their names in small letters, and what is below them.

    Raises ValueError for more than a mail has.
    """
    start = _HEAD.match(data[:MOST_HEAD])
    end = start.end() if start else 0
    if len(data) > MOST_HEAD and b"\n" not in data[end:MOST_HEAD]:
        raise ValueError(f"the head of a mail has more than {MOST_HEAD >> 10} KiB")
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(data[:end]):
        fields.setdefault(name.decode().lower(), " ".join(value.decode("utf-8", "replace").split()))
    return fields, data[end:].removeprefix(b"\n")


def _subject(said: str) -> str:
    """Return a subject without what encodes it; raises ValueError for one that is longer than any."""
    if len(said) > MOST_SUBJECT:
        raise ValueError(f"a subject of {len(said):,} characters, at most {MOST_SUBJECT:,} can be there")
    text = _ENCODED.sub(_word, _BETWEEN.sub("", said))
    return " ".join(text.encode("utf-8", "replace").decode().split())


def _word(match: re.Match[str]) -> str:
    """Return what an encoded word says; as it stands, if that cannot be told."""
    charset, how, said = match[1].partition("*")[0], match[2].lower(), match[3].encode()
    try:
        data = binascii.a2b_qp(said, header=True) if how == "q" else binascii.a2b_base64(said)
        return data.decode(charset, "replace") if _CHARSETS.fullmatch(charset) else match[0]
    except (LookupError, ValueError):  # of a charset, of base64
        return match[0]


def _text(fields: dict[str, str], body: bytes) -> str:
    """Return the text of a mail, that of an attached patch if it is the first one.

    Raises ValueError for more than a mail has.
    """
    left: list[bytes] = []
    for _ in range(MOST_PARTS):
        kind = fields.get("content-type", "")
        main = kind.partition("/")[0].strip().lower() if "/" in kind else "text"
        if main == "text":
            return _decoded(body, fields.get("content-transfer-encoding", "")).decode("utf-8", "surrogateescape")
        if main == "message":
            left.append(body)
        elif boundary := _BOUNDARY.search(kind.encode()[:MOST_SUBJECT]):
            left += reversed(list(islice(_parts(body, boundary[1] or boundary[2]), MOST_PARTS)))
        if not left:
            return ""
        fields, body = _head(left.pop())
    raise ValueError(f"a mail of more than {MOST_PARTS} parts without a text")


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield the parts between the lines of a boundary, up to the one that ends them."""
    start = -1
    body = b"\n" + body
    for line in re.finditer(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\n|\Z)", body):
        if start >= 0:
            yield body[start : line.start()]
        start = line.end() + 1
        if line[1]:
            return
    if start >= 0:
        yield body[start:]


def _decoded(body: bytes, encoding: str) -> bytes:
    """Return a text without what encodes it; as it stands, if it is not encoded so."""
    if encoding.lower() not in {"quoted-printable", "base64"}:
        return body
    try:
        return binascii.a2b_qp(body) if encoding[:1] in {"q", "Q"} else binascii.a2b_base64(body)
    except ValueError:
        return body
