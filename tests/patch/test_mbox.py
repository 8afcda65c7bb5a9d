"""A series out of mails, as git writes them and as archives of lists have them."""

from __future__ import annotations

import base64
import gzip
import io
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from small_kernel import TYPES, mail

from ptelist.errors import PtelistError
from ptelist.patch import mbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GROWN = TYPES.replace("168", "184")
BETWEEN = "From x Mon Sep 17 00:00:00 2001\n"
COVER = f"{BETWEEN}From: A U Thor <author@example.com>\nSubject: {{}}\n\n{{}}\n\n"

NESTED = BETWEEN + "".join(
    f'Content-Type: multipart/mixed; boundary="{number}"\n\n--{number}\n' for number in range(3000)
)
PARTS = (
    "From x Mon Sep 17 00:00:00 2001\nContent-Type: multipart/mixed; boundary=x\n\n"
    + "--x\nContent-Type: image/png\n\n" * 100_000
)


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str | bytes], mbox.Series]:
    """Return a function that reads a text as a file."""

    def written(text: str | bytes) -> mbox.Series:
        file = tmp_path / "series.mbox"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return mbox.read(str(file))

    return written


def titles(series: mbox.Series) -> list[str]:
    return [patch.title for patch in series.patches]


def test_order_is_that_of_the_numbers(read: Callable[[str], mbox.Series]) -> None:
    """An archive has mails as they came; what was replied, and the cover letter, are no patches."""
    cover = COVER.format("[PATCH 0/2] KVM: A series", "Why.\n\nbase-commit: 4b88b1a518b337de1252b8180519ca4c00015c9e")
    reply = mail(GROWN, "Re: [PATCH 1/2] KVM: One")
    series = read(cover + mail(GROWN, "[PATCH 2/2] KVM: Two", "2@x.org") + reply + mail(GROWN, "[PATCH 1/2] KVM: One"))
    assert titles(series) == ["[PATCH 1/2] KVM: One", "[PATCH 2/2] KVM: Two"]
    assert [patch.label for patch in series.patches] == ["1/2", "2/2"]
    assert series.patches[1].messages == {"2@x.org"}
    assert series.base == "4b88b1a518b337de1252b8180519ca4c00015c9e"


def test_of_several_versions_it_is_the_newest(read: Callable[[str], mbox.Series]) -> None:
    series = read(mail(GROWN, "[PATCH v2] KVM: New") + mail(GROWN, "[RFC PATCH] KVM: Old"))
    assert titles(series) == ["[PATCH v2] KVM: New"]
    assert series.base == ""


@pytest.mark.parametrize("tag", ["PATCHv2", "PATCHV2 RESEND", "PATCH v2", "RFC PATCHv2", "PATCH-v2"])
def test_a_version_as_people_write_it(read: Callable[[str], mbox.Series], tag: str) -> None:
    old = mail(GROWN, "[PATCH 1/2] KVM: Old") + mail(GROWN, "[PATCH 2/2] KVM: Old")
    series = read(old + mail(GROWN, f"[{tag} 2/2] KVM: B") + mail(GROWN, f"[{tag} 1/2] KVM: A"))
    assert titles(series) == [f"[{tag} 1/2] KVM: A", f"[{tag} 2/2] KVM: B"]
    assert [patch.label for patch in series.patches] == ["1/2", "2/2"]


def test_prose_begins_no_mail(read: Callable[[str], mbox.Series]) -> None:
    """As git mailsplit: the line between two mails has a time and a year."""
    text = mail(GROWN).replace("Why.", "From a reviewer's point of view this is simple.\nNote: nothing else changes.")
    (patch,) = read(text).patches
    assert patch.title == "[PATCH] KVM: x86/mmu: Change it"
    assert patch.messages == {"me@example.com"}


def test_a_cover_letter_with_an_interdiff_is_no_patch(read: Callable[[str], mbox.Series]) -> None:
    """As git format-patch --cover-letter --interdiff=OLD writes it."""
    series = read(mail(GROWN, "[PATCH v2 0/1] KVM: All") + mail(GROWN, "[PATCH v2 1/1] KVM: One"))
    assert titles(series) == ["[PATCH v2 1/1] KVM: One"]


def test_a_subject_in_several_lines(read: Callable[[str], mbox.Series]) -> None:
    assert titles(read(mail(GROWN, "[PATCH] KVM: A long\n subject"))) == ["[PATCH] KVM: A long subject"]


def test_patches_without_numbers_are_in_their_order(read: Callable[[str], mbox.Series]) -> None:
    series = read(mail(GROWN, "[PATCH] KVM: B") + mail(GROWN, "KVM: A"))
    assert titles(series) == ["[PATCH] KVM: B", "KVM: A"]
    assert [patch.label for patch in series.patches] == ["patch 1", "patch 2"]


def test_a_mail_alone_without_a_line_before_it(read: Callable[[str], mbox.Series]) -> None:
    """What a mail client saves; line ends are those of mail."""
    text = mail(GROWN).partition("\n")[2].replace("\n", "\r\n")
    (patch,) = read(text).patches
    assert patch.diff.startswith("diff --git a/arch/x86/kvm/mmu/mmu.c")
    assert "\r" not in patch.diff


def test_packed_as_an_archive_gives_it(read: Callable[[bytes], mbox.Series]) -> None:
    assert titles(read(gzip.compress(mail(GROWN).encode()))) == ["[PATCH] KVM: x86/mmu: Change it"]


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptelist.patch.mbox.stdin", lambda: io.BytesIO(mail(GROWN).encode()))
    assert len(mbox.read("-").patches) == 1


def test_a_patch_that_is_encoded_or_attached(read: Callable[[str], mbox.Series]) -> None:
    """Quoted-printable, as servers make of long lines; and a mail of parts, of which the first text counts."""
    head, _, body = mail(GROWN).partition("\n\n")
    encoded = body.replace("=", "=3D")
    (patch,) = read(f"{head}\nContent-Transfer-Encoding: quoted-printable\n\n{encoded}").patches
    assert patch.diff == read(mail(GROWN)).patches[0].diff
    parts = f'{head}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n\n{body}\n--x--\n'
    assert read(parts).patches[0].diff.startswith("diff --git")
    packed = base64.encodebytes(body.encode()).decode()
    assert read(f"{head}\nContent-Transfer-Encoding: base64\n\n{packed}").patches[0].diff == patch.diff
    for kind, said in (("application/pdf", body), ("text/plain\nContent-Transfer-Encoding: base64", "a")):
        with pytest.raises(PtelistError, match="no mail with a patch in it"):
            read(f"{head}\nMIME-Version: 1.0\nContent-Type: {kind}\n\n{said}")


def test_message_ids_of_commits() -> None:
    text = """
Link: https://lore.kernel.org/r/20220624232735.3090056-4-seanjc@google.com
Message-Id: <a.b-c@example.com>
Link: https://lore.kernel.org/kvm/20220712105348.x@y.com/
Link: https://bugzilla.kernel.org/show_bug.cgi?id=1
"""
    assert list(mbox.messages(text)) == [
        "20220624232735.3090056-4-seanjc@google.com",
        "a.b-c@example.com",
        "20220712105348.x@y.com",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no mail with a patch in it, expected a mbox with patches"),
        ("\0\1\2", "no mail with a patch in it"),
        (mail(GROWN, "[PATCH 1/3] A") + mail(GROWN, "[PATCH 3/3] C"), "patch 2/3 is missing"),
        (mail(GROWN, "[PATCH 1/1] A") * 2, "2 patches of a series of 1: expected one series"),
        (mail(GROWN, "[PATCH 1/2] A") + mail(GROWN, "KVM: B"), '"KVM: B" has no number, others have: expected one'),
        (mail(GROWN) * 201, "201 patches, at most 200"),
        (mail(GROWN, "[PATCH 1/9999] A"), "1 patches of a series of 9999"),
        (b"\x1f\x8bno gzip", "damaged gzip data"),
        (b"x" * ((1 << 25) + 1), "larger than 32 MiB, expected a mbox"),
        (mail(GROWN) + "x" * (1 << 22), ":2: 4,194,669 bytes in a mail, at most 4,194,304 can be there"),
        (mail(GROWN, "[PATCH 1/1] " + "=?utf-8?q?a?= " * 2000), ":2: a subject of 28,011"),
        (mail(GROWN).replace("Subject:", "a:\n" * 30_000 + "Subject:"), ":2: 90,105 bytes in the head"),
        (NESTED, ":2: 3,000 parts in a mail, at most 100 can be there, expected a mbox with patches"),
        (PARTS, ":2: 100,001 parts in a mail, at most 100 can be there"),
        (mail(GROWN).replace("Subject:", f"Content-Type: text/plain{';a' * 500}\nSubject:"), ":2: 1,024 characters in"),
        (f"{BETWEEN}a:\n" * 10_001, ": more than 10,000 mails, expected one series"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) or len(value) > 99 or "\n" in value else value,
)  # fmt: skip
def test_bad_input(read: Callable[[str | bytes], mbox.Series], text: str | bytes, says: str) -> None:
    with pytest.raises(PtelistError) as raised:
        read(text)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_odd_message_id(read: Callable[[str], mbox.Series]) -> None:
    """One at which Python's parser stumbles over its own feet (IndexError)."""
    (patch,) = read(mail(GROWN, message="[@example.com")).patches
    assert patch.messages == {"[@example.com"}
    (patch,) = read(mail(GROWN).replace("Message-Id: <me@example.com>\n", "")).patches
    assert patch.messages == frozenset()


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("=?utf-8?q?KVM=3A_Entw=C3=BCrfe?=", "KVM: Entw\u00fcrfe"),
        ("=?UTF-8?B?S1ZNOiA=?=\n =?utf-8*en?q?one?= two", "KVM: one two"),
        ("Entw\u00fcrfe", "Entw\u00fcrfe"),
        ("=?iso-8859-1?q?=FC?=", "\u00fc"),
        ("=?utf-7?q?+2AA-?=", "=?utf-7?q?+2AA-?="),
        ("=?unicode_escape?q?=5Cud800?=", "=?unicode_escape?q?=5Cud800?="),
        ("=?gb-none?q?a?=", "=?gb-none?q?a?="),
        ("=?utf-8?q?=ED=A0=80?=", "\ufffd\ufffd\ufffd"),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
    ],
)  # fmt: skip
def test_a_subject_is_decoded_as_far_as_it_can_be(read: Callable[[str], mbox.Series], said: str, means: str) -> None:
    assert titles(read(mail(GROWN, f"[PATCH] {said}"))) == [f"[PATCH] {means}"]


def test_long_lines_of_trailers_take_no_time() -> None:
    assert not list(mbox.messages(f"Link: {'a' * 1_000_000}\n"))


def test_a_mail_is_read_in_little_memory(read: Callable[[bytes], mbox.Series]) -> None:
    """Lines of two bytes, of which Python's library makes a text each; no mail may have more of them."""
    data = mail(GROWN).encode() + b"a\n" * 2_000_000
    tracemalloc.start()
    read(data)
    assert tracemalloc.get_traced_memory()[1] < 300 << 20
    tracemalloc.stop()


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PtelistError, match="cannot be read: No such file"):
        mbox.read(str(tmp_path / "none"))
    with pytest.raises(PtelistError, match="is a directory, expected a mbox"):
        mbox.read(str(tmp_path))
