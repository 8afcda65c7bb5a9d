"""What each figure is, in half a line."""

from __future__ import annotations

from ptelist.scenario.vm_structs import OF_VCPU, OF_VM

OF_A_CACHE = {
    "size": "sizeof() of the struct",
    "stride": "bytes from one object to the next in a slab",
    "slab_order": "a slab has 2 to this power pages",
    "objects_per_slab": "objects that fit into a slab",
    "objects": "objects allocated, in use or kept in memory caches",
    "objects.raw": "objects in use as slabinfo counts them without a shrink before",
    "objects.peak": "objects when the host had the most VMs",
    "slabs": "slabs that hold the objects",
    "slabs.raw": "slabs as slabinfo counts them without a shrink before",
    "slabs.retained": "empty and partial slabs that a busy host keeps beside",
    "slabs.typical": "slabs after a simulated history of VMs; no bound",
    "slabs.retained.typical": "slabs kept beside after a simulated history; no bound",
    "pages": "pages of the slabs",
    "bytes.used": "objects x size",
    "bytes.waste": "bytes of the slabs that no object uses",
    "bytes.waste.padding": "stride less size, in every object",
    "bytes.waste.tail": "the end of each slab, too short for an object",
    "bytes.waste.free": "free objects in slabs that have others in use",
    "bytes.slab": "the slabs, waste included",
    "bytes.memcg": "vectors that note a cgroup or an allocation site for each object",
    "bytes.retained": "slabs that a busy host keeps beside; part of no total",
    "bytes.typical": "slabs and vectors after a simulated history of VMs; no bound",
    "bytes.total": "slabs and vectors",
}
"""By what follows the name of a kmem_cache."""

KMEM_CACHES = {
    "pte_list_desc": {
        "ext": "PTE_LIST_EXT: SPTEs that a descriptor has room for",
        "bytes.total": "descriptors of rmap and parent_ptes lists, whole slabs",
        "objects.vcpu_caches": "descriptors that vCPUs keep for their next faults",
        "objects.split_caches": "descriptors kept for eager splits of huge pages",
        "objects.rmaps": "descriptors in rmap lists: gfns with two or more SPTEs",
        "objects.parent_ptes": "descriptors in parent_ptes lists: tables with two or more parents",
    },
    "kvm_mmu_page_header": {
        "bytes.total": "struct kvm_mmu_page of page tables, whole slabs",
        "objects.vcpu_caches": "struct kvm_mmu_page that vCPUs keep for their next tables",
        "objects.split_caches": "struct kvm_mmu_page kept for eager splits of huge pages",
        "objects.page_tables": "struct kvm_mmu_page of tables in use, one each",
    },
}
"""What only one of the kmem_caches has."""

OTHERS = {
    "mmu.bytes.total": "all that KVM's MMU allocates for the VMs",
    "shadow_pages.bytes": "pages of page tables, in use and in memory caches",
    "vcpu_caches.bytes": "what vCPUs keep for their next faults, their objects included",
    "vcpu_caches.bytes.pte_list_desc": "descriptors in vCPU caches",
    "vcpu_caches.bytes.kvm_mmu_page_header": "struct kvm_mmu_page in vCPU caches",
    "vcpu_caches.bytes.pages": "pages in vCPU caches",
    "vcpu_caches.bytes.arrays": "arrays of pointers to what vCPU caches hold",
    "split_caches.bytes": "what VMs keep for eager splits, their objects included",
    "split_caches.bytes.pte_list_desc": "descriptors in split caches",
    "split_caches.bytes.kvm_mmu_page_header": "struct kvm_mmu_page in split caches",
    "split_caches.bytes.pages": "pages in split caches",
    "split_caches.bytes.arrays": "arrays of pointers to what split caches hold",
    "page_tables.bytes": "pages of page tables in use",
    "page_tables.bytes.tables": "page tables in use, 4 KiB each",
    "page_tables.bytes.shadowed_info": "what each entry of a shadow page translates, by gfn",
    "page_tables.bytes.external": "page tables that the TDX module keeps",
    "page_tables.bytes.pae_roots": "roots for guests in PAE mode, of each vCPU",
    "page_tables.bytes.raw": "page tables in use, those of devices and SMM among them",
    "memslots.bytes": "what each memslot keeps about its guest pages",
    "memslots.bytes.rmap_heads": "a list head for each guest page, of each size",
    "memslots.bytes.lpage_info": "whether each huge page may be mapped as one",
    "memslots.bytes.write_track": "how often each guest page is write-protected",
    "memslots.bytes.dirty_bitmap": "two bits for each guest page, while dirty pages are logged",
    "memslots.bytes.structs": "struct kvm_memory_slot",
    "memslots.bytes.vmap_areas": "vm_struct and vmap_area of large arrays",
    "page_hash.bytes": "the hash of shadow pages by gfn, of each VM",
    "embedded.bytes": "arrays of pointers inside struct kvm_vcpu and struct kvm",
    "memory_attributes.bytes": "which guest pages are private, in an xarray",
    "dirty_rings.bytes": "rings of dirty gfns, of each vCPU",
    "track_srcu.bytes": "SRCU of page tracking, on each CPU",
    "beside.bytes.sheaves": "sheaves of both kmem_caches (from v7.0); part of no total",
    "beside.bytes.device_tables": "tables for devices, as far as guests touch them; part of no total",
    "beside.bytes.smm_tables": "tables of SMM, as far as firmware touches them; part of no total",
    "beside.bytes.nx_split_tables": "tables of huge pages split for the iTLB multihit erratum; part of no total",
    "beside.bytes.vmalloc_tables": "the host's own tables for vmalloc'ed arrays; part of no total",
    "charged.bytes.kernel": "what memory.stat's kernel counts of all this",
    "charged.bytes.slab": "what memory.stat's slab counts of all this",
    "charged.bytes.sec_pagetables": "what memory.stat's sec_pagetables counts: page tables",
    "charged.bytes.pte_list_desc": "what a cgroup is charged for descriptors",
    "charged.bytes.kvm_mmu_page_header": "what a cgroup is charged for struct kvm_mmu_page",
    "charged.bytes.memslots": "what a cgroup is charged for memslots",
    "charged.bytes.dirty_bitmap": "what a cgroup is charged for dirty bitmaps",
}

OF_BUILDS = {
    **{
        f"{struct}.{what}": text
        for struct in OF_VM
        for what, text in {
            "size": "sizeof() of the struct of a VM, where a build was read",
            "order": "2 to this power pages are asked for to hold it in one piece",
            "order.without_memslot_hashes": "2 to this power pages would hold it without its memslots' hashes",
        }.items()
    },
    **{
        f"{struct}.{what}": text
        for struct in OF_VCPU
        for what, text in {
            "size": "sizeof() of the struct of a vCPU, where a build was read",
            "slab_order": "a slab of kvm_vcpu has 2 to this power pages",
        }.items()
    },
}
"""Of the structs of VMs and vCPUs themselves, which are part of no total."""

MEANINGS = {
    **{f"{cache}.{what}": text for cache, own in KMEM_CACHES.items() for what, text in {**OF_A_CACHE, **own}.items()},
    **OTHERS,
    **OF_BUILDS,
}
"""By figure; a figure that is not here does not exist."""
