"""What a VM's rmap lists take, out of its mmu_rmaps_stat."""
