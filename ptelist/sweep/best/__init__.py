"""The PTE_LIST_EXT of which a host's slabs are smallest."""
