"""How a trace spells an operation: a pattern for each, with the names of what its groups are.

The text form and kvm_mmu_set_spte have one pattern. Probes may be called otherwise, and have their arguments in
another order: the pattern of an event is made of one of its lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where
from ptelist.replay import probes

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_MARK = 40
"""Characters of a mark that are shown."""

_EVENT = re.compile(rb"(?:\w+:)?(?:p_)?(\w+?)(?:_isra_\d+)?(?:_\d+)?:")
_SYMBOL = re.compile(rb"\((\w+)(?:\.\w+)*\+0x[0-9a-f]+\S*")
SET_SPTE_EVENT = re.compile(rb"(?:\w+:)?kvm_mmu_set_spte:")
SET_SPTE = rb"kvm_mmu_set_spte:\s+gfn (\S+) [^\n]*level (\S+) at (\S+)[^\n]*\n"
"""kvm_mmu_set_spte: gfn G spte V (rwxu) level L at A (same in 5.10 to 7.3)."""

WORDS = {b"add": (2, 3), b"remove": (2, 2), b"zap": (1, 1), b"topup": (1, 1), b"free": (1, 1)}
"""Operations of the text form, with how few and how many names they have."""

ALIASES = {b"sptep": b"spte", b"rmap_head": b"head", b"mc": b"cache", b"vcpu": b"cache"}
"""Other names of arguments, as in probes that someone else set up; a vCPU has one cache for descriptors."""

Names = tuple[bytes, ...]
"""What the groups of a pattern are, in their order."""

HEAD, ENTRY, CACHE, MINIMUM, GFN, LEVEL, AT = b"head", b"spte", b"cache", b"min", b"gfn", b"level", b"at"
WANTED = {
    "add": (HEAD, ENTRY, CACHE),
    "remove": (HEAD, ENTRY),
    "zap": (HEAD,),
    "topup": (CACHE, MINIMUM),
    "free": (CACHE,),
}
"""What is read of each operation."""

NEEDED = {"add": 2, "remove": 2, "zap": 1, "topup": 1, "free": 1}
"""How many of these a line must have."""

TEXT = {
    "add": (rb"^add (\S+) (\S+)(?: (\S+))?\n", (HEAD, ENTRY, CACHE)),
    "remove": (rb"^remove (\S+) (\S+)\n", (HEAD, ENTRY)),
    "zap": (rb"^zap (\S+)\n", (HEAD,)),
    "topup": (rb"^topup (\S+)\n", (CACHE,)),
    "free": (rb"^free (\S+)\n", (CACHE,)),
}
SET = (GFN, LEVEL, AT)


def shown(text: bytes) -> str:
    """Return text of a trace as messages have it."""
    return text.decode("ascii", "backslashreplace").strip()[:MOST_MARK]


def pattern_of(op: str, words: list[bytes], at: int) -> tuple[bytes, Names]:
    """Return a pattern for lines of an event, by one of them from the event's name on.

    Classes of all characters but one are what the pattern matcher is fastest with. Should
    such a match run over the end of a line, rows are fewer than lines.
    """
    names: list[bytes] = []
    parts = []
    for place, word in enumerate(words[1:], 2):
        label, equals, _ = word.partition(b"=")
        if equals:
            value = b"[^ \n]+" if place == len(words) else b"[^ ]+"
            name = ALIASES.get(label, label)
            if name in WANTED[op] and name not in names:
                names.append(name)
                value = b"(" + value + b")"
            parts.append(re.escape(label) + b"=" + value)
    wanted = WANTED[op][: NEEDED[op]]
    if not set(wanted) <= set(names):
        needs = " and ".join(f"{name.decode()}=" for name in wanted)
        text = f"{shown(words[0])} without {needs}, which probes as --probe-script sets them have"
        raise PtelistError(text, Where(line=at))
    symbol = rb" +\([^)]*\) +" if words[1].startswith(b"(") else b" +"
    rest = b"" if b"=" in words[-1] else b" [^\n]*"
    return re.escape(words[0]) + symbol + b" +".join(parts) + rest + b"\n", tuple(names)


def operation(word: bytes, after: list[bytes]) -> str | None:
    """Return what an event means, by its own name or by the symbol behind it."""
    if not word.endswith(b":"):
        return None
    known: Callable[[str], str | None] = probes.operations().get
    for match in (_EVENT.fullmatch(word), _SYMBOL.match(after[0]) if after else None):
        if match and (op := known(match[1].decode())):
            return op
    return None
