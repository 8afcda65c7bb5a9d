"""Guest-physical ranges and the naturally aligned windows that they touch.

Both the memslot arrays and the page tables are counted by windows, in closed
form: the cost does not depend on the size of the guest.
"""

from __future__ import annotations

Range = tuple[int, int]
"""First byte and first byte after, both page-aligned."""

GIB = 1 << 30
FOUR_GIB = 4 * GIB
"""Where RAM goes on above the PCI hole."""


def guest_ranges(memory: int, low_memory: int) -> tuple[Range, ...]:
    """Return where `memory` bytes of RAM lie in guest-physical space.

    RAM beyond `low_memory` (at most 4 GiB) starts anew at 4 GiB, above the PCI
    hole.
    """
    if memory == 0:
        return ()
    low = min(memory, low_memory)
    if memory == low:
        return ((0, low),)
    return (0, low), (FOUR_GIB, FOUR_GIB + memory - low)


def touched(span: Range, size: int) -> int:
    """Return how many size-aligned windows the range touches."""
    first, end = span
    return (end - 1) // size - first // size + 1


def covered(span: Range, size: int) -> int:
    """Return how many size-aligned windows lie wholly inside the range."""
    first, end = span
    return max(0, end // size - -(-first // size))


def distinct(spans: tuple[Range, ...], size: int) -> int:
    """Return how many windows several ascending, disjoint ranges touch in all."""
    count = 0
    previous = -1
    for first, end in spans:
        last = (end - 1) // size
        count += last - first // size + 1 - (first // size == previous)
        previous = last
    return count


def inside(spans: tuple[Range, ...], size: int) -> tuple[Range, ...]:
    """Return the parts of ranges that whole size-aligned windows make up."""
    found = ((-(-first // size) * size, end // size * size) for first, end in spans)
    return tuple((first, end) for first, end in found if first < end)


def common(spans: tuple[Range, ...], others: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return what two sets of ranges have in common."""
    pairs = ((max(a, c), min(b, d)) for a, b in spans for c, d in others)
    return tuple((first, end) for first, end in pairs if first < end)


def without(spans: tuple[Range, ...], holes: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return what ascending holes leave of ranges."""
    for hole, hole_end in holes:
        pieces = [piece for first, end in spans for piece in ((first, min(end, hole)), (max(first, hole_end), end))]
        spans = tuple((first, end) for first, end in pieces if first < end)
    return spans
