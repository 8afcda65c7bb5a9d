"""Which figures there are of what VMs hold, and which of them make up a total."""

from __future__ import annotations

from ptelist.engine.ledger import Unit, nothing

B, OBJECTS = Unit.BYTES, Unit.OBJECTS
DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
"""The two kmem_caches."""
DESC_TOTAL, HEADER_TOTAL, TOTAL = f"{DESC}.bytes.total", f"{HEADER}.bytes.total", "mmu.bytes.total"

KINDS = {
    f"{DESC}.objects": OBJECTS,
    f"{DESC}.objects.vcpu_caches": OBJECTS,
    f"{DESC}.objects.split_caches": OBJECTS,
    f"{DESC}.objects.rmaps": OBJECTS,
    f"{DESC}.objects.parent_ptes": OBJECTS,
    f"{HEADER}.objects": OBJECTS,
    f"{HEADER}.objects.vcpu_caches": OBJECTS,
    f"{HEADER}.objects.split_caches": OBJECTS,
    f"{HEADER}.objects.page_tables": OBJECTS,
    "shadow_pages.bytes": B,
    "vcpu_caches.bytes.pages": B,
    "vcpu_caches.bytes.arrays": B,
    "split_caches.bytes.pages": B,
    "split_caches.bytes.arrays": B,
    "page_tables.bytes.tables": B,
    "page_tables.bytes.shadowed_info": B,
    "page_tables.bytes.external": B,
    "page_tables.bytes.pae_roots": B,
    "page_tables.bytes.raw": B,
    "memslots.bytes.rmap_heads": B,
    "memslots.bytes.lpage_info": B,
    "memslots.bytes.write_track": B,
    "memslots.bytes.dirty_bitmap": B,
    "memslots.bytes.structs": B,
    "memslots.bytes.vmap_areas": B,
    "page_hash.bytes": B,
    "embedded.bytes": B,
    "memory_attributes.bytes": B,
    "dirty_rings.bytes": B,
    "track_srcu.bytes": B,
    "beside.bytes.device_tables": B,
    "beside.bytes.smm_tables": B,
    "beside.bytes.nx_split_tables": B,
    "beside.bytes.vmalloc_tables": B,
}
"""What VMs hold, each a sum over the groups."""

UNUSED = {name: nothing(name, unit, "not used in this scenario") for name, unit in KINDS.items()}
BESIDE = "beside."
ASIDE = frozenset(("waste", "retained", "raw", "typical"))


def is_aside(figure: str) -> bool:
    """Tell whether a figure is part of no total: waste, what a busy host keeps, raw counts, what is simulated."""
    return figure.startswith(BESIDE) or any(part in ASIDE for part in figure.split("."))


COUNTED = tuple(name for name in KINDS if not is_aside(name))
"""Those that are part of a total."""
UNUSED_COUNTED = {name: UNUSED[name] for name in COUNTED}

BELOW = {
    parent: tuple(name for name in COUNTED if name.startswith(f"{parent}."))
    for parent in (f"{DESC}.objects", f"{HEADER}.objects", "page_tables.bytes", "memslots.bytes")
}
"""The parts of a figure. Objects in caches and those drawn from these are open together: a cache lacks what is used."""

BESIDE_KMEM_CACHES = (
    "shadow_pages.bytes",
    "vcpu_caches.bytes.arrays",
    "split_caches.bytes.arrays",
    "page_tables.bytes.pae_roots",
    "memslots.bytes",
    "page_hash.bytes",
    "embedded.bytes",
    "memory_attributes.bytes",
    "dirty_rings.bytes",
    "track_srcu.bytes",
)
"""What makes up the MMU's total together with the two kmem_caches."""
