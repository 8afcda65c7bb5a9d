"""How a trace spells an operation: the text form, events of probes, and kvm_mmu_set_spte, each with its pattern.

An event is "NAME: (SYMBOL) ARGUMENTS", as in "pte_list_remove: (pte_list_remove+0x0/0x1b0 [kvm]) spte=0x1 head=0xa".
Its arguments have a pattern where they are as --probe-script sets them. Those of other probes, which may have more
of them or another order, are read word by word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where
from ptelist.traces.replay import probes

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MARK = 40
"""Characters of a mark that are shown."""

_EVENT = re.compile(rb"(?:\w+:)?(?:p_)?(\w+?)(?:_isra_\d+)?(?:_\d+)?:")
_SYMBOL = re.compile(rb"\((\w+)(?:\.\w+)*\+0x[0-9a-f]+\S*")
SET_SPTE_EVENT = re.compile(rb"(?:\w+:)?kvm_mmu_set_spte:")
SET_SPTE = rb" +gfn (\S+) spte \S+ \(\S*\) level (\S+) at (\S+)[^\n]*\n"
"""kvm_mmu_set_spte: gfn G spte V (rwxu) level L at A (same in 5.10 to 7.3).

No part of it runs on over blanks, or a line of many beginnings would be read as often.
"""

WORDS = {b"add": (2, 3), b"remove": (2, 2), b"zap": (1, 1), b"topup": (1, 1), b"free": (1, 1)}
"""Operations of the text form, with how few and how many names they have."""

ALIASES = {b"sptep": b"spte", b"rmap_head": b"head", b"mc": b"cache", b"vcpu": b"cache"}
"""Other names of arguments, as in probes that someone else set up; a vCPU has one cache for descriptors."""

Names = tuple[bytes, ...]
"""What the groups of a pattern are, in their order."""

LIST_HEAD, ENTRY, CACHE, MINIMUM, GFN, LEVEL, AT = b"head", b"spte", b"cache", b"min", b"gfn", b"level", b"at"
WANTED = {
    "add": (LIST_HEAD, ENTRY, CACHE),
    "remove": (LIST_HEAD, ENTRY),
    "zap": (LIST_HEAD,),
    "topup": (CACHE, MINIMUM),
    "free": (CACHE,),
}
"""What is read of each operation."""

TEXT = {
    "add": (rb"^add (\S+) (\S+)(?: (\S+))?\n", (LIST_HEAD, ENTRY, CACHE)),
    "remove": (rb"^remove (\S+) (\S+)\n", (LIST_HEAD, ENTRY)),
    "zap": (rb"^zap (\S+)\n", (LIST_HEAD,)),
    "topup": (rb"^topup (\S+)\n", (CACHE,)),
    "free": (rb"^free (\S+)\n", (CACHE,)),
}
"""Lines of the text form: a pattern, and the names of its groups."""

ARGUMENTS = {
    "add": (rb"(?:(?:cache|mc|vcpu)=([^ ]+) +)?sptep?=([^ ]+) +(?:rmap_)?head=([^ \n]+)\n", (CACHE, ENTRY, LIST_HEAD)),
    "remove": (rb"sptep?=([^ ]+) +(?:rmap_)?head=([^ \n]+)\n", (ENTRY, LIST_HEAD)),
    "zap": (rb"(?:rmap_)?head=([^ \n]+)\n", (LIST_HEAD,)),
    "topup": (rb"(?:cache|mc|vcpu)=([^ \n]+)(?: +min=([^ \n]+))?\n", (CACHE, MINIMUM)),
    "free": (rb"(?:cache|mc|vcpu)=([^ \n]+)\n", (CACHE,)),
}
"""The arguments of events, likewise.

Classes of all characters but one are what the matcher is fastest with. Should such a match run over the end of a
line, rows are fewer than lines.
"""

SET_NAMES = (GFN, LEVEL, AT)


def shown(text: bytes) -> str:
    """Return text of a trace as messages have it."""
    return text.decode("ascii", "backslashreplace").strip()[:MOST_MARK]


def event(op: str) -> tuple[bytes, Names]:
    """Return a pattern for what follows an event's name and its colon."""
    arguments, names = ARGUMENTS[op]
    return rb" +\([^()\n]*\) +" + arguments, names


def said(op: str, words: list[bytes], at: int) -> list[bytes]:
    """Return what an event says, in the order of WANTED; `words` are its name and what follows it.

    Raises PtelistError if one that it needs is not there.
    """
    values: dict[bytes, bytes] = {}
    for word in words[1:]:
        label, equals, value = word.partition(b"=")
        if equals:
            values.setdefault(ALIASES.get(label, label), value)
    needed = WANTED[op][: WORDS[op.encode()][0]]
    if not all(map(values.get, needed)):
        needs = " and ".join(f"{name.decode()}=" for name in needed)
        text = f"{shown(words[0])} without {needs}, which probes as --probe-script sets them have"
        raise PtelistError(text, Where(line=at))
    return [values.get(name, b"") for name in WANTED[op]]


def operation(word: bytes, after: list[bytes]) -> str | None:
    """Return what an event means, by its own name or by the symbol behind it."""
    if not word.endswith(b":"):
        return None
    known: Callable[[str], str | None] = probes.operations().get
    for match in (_EVENT.fullmatch(word), _SYMBOL.match(after[0]) if after else None):
        if match and (op := known(match[1].decode())):
            return op
    return None
