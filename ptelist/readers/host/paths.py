"""What is read of a machine: the files in /proc and /sys, those of each slab cache and of each VM."""

SLABS, VMS = "/sys/kernel/slab", "/sys/kernel/debug/kvm"
RELEASE, CMDLINE, SLABINFO = "/proc/sys/kernel/osrelease", "/proc/cmdline", "/proc/slabinfo"
POSSIBLE, PRESENT = "/sys/devices/system/cpu/possible", "/sys/devices/system/cpu/present"
ONLINE = "/sys/devices/system/cpu/online"
NODES = "/sys/devices/system/node/has_normal_memory"
CGROUPS, SUBTREE = "/proc/cgroups", "/sys/fs/cgroup/cgroup.subtree_control"
PROFILING = "/proc/sys/vm/mem_profiling"
TDP_MMU = "/sys/module/kvm/parameters/tdp_mmu"
AMD, INTEL = "/sys/module/kvm_amd/parameters/", "/sys/module/kvm_intel/parameters/"
TDP = (f"{AMD}npt", f"{INTEL}ept")
AVIC, UNRESTRICTED, PML = f"{AMD}avic", f"{INTEL}unrestricted_guest", f"{INTEL}pml"
NX_HUGE_PAGES = "/sys/module/kvm/parameters/nx_huge_pages"
ITLB_MULTIHIT = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit"
KVMGT = "/sys/module/kvmgt/initstate"
CONFIG_GZ, CONFIG = "/proc/config.gz", "/boot/config-"
"""The kernel's own configuration, or what its release is appended to; only lines that bear on a figure are kept."""

TYPES = "types of the kernel"
"""What its BTF says of the profile: no file, a section of a saved observation."""

CPUS = (POSSIBLE, PRESENT, ONLINE)
MODULES = (TDP_MMU, *TDP, AVIC, UNRESTRICTED, PML, NX_HUGE_PAGES, KVMGT)
FILES = (RELEASE, CMDLINE, *CPUS, NODES, CGROUPS, SUBTREE, PROFILING, *MODULES, ITLB_MULTIHIT, SLABINFO)

LINK, VCPUS, RUN = "link", "vcpus", "vcpus_run"
_LAYOUT = (
    "object_size",
    "slab_size",
    "objs_per_slab",
    "order",
    "align",
    "min_partial",
    "cpu_partial",
    "sheaf_capacity",
)
_CREATED = ("ctor", "destroy_by_rcu", "hwcache_align", "sanity_checks", "red_zone", "poison", "store_user", "trace")
_COUNTS = ("objects", "total_objects", "slabs", "partial", "cpu_slabs", "slabs_cpu_partial")
ATTRIBUTES = (*_LAYOUT, *_CREATED, *_COUNTS)
"""The files of a cache that are read; the dearest walk its partial lists."""

_PAGES = ("pages_4k", "pages_2m", "pages_1g", "nx_lpage_splits", "lpages", "largepages", "nx_largepages_splitted")
_SHADOW = ("mmu_shadow_zapped", "mmu_pte_write", "mmu_pde_zapped", "mmu_flooded", "mmu_recycled", "mmu_cache_miss")
_LISTS = ("max_mmu_rmap_size", "max_mmu_page_hash_collisions", "mmu_shadow_pages", "mmu_unsync")
STATS = (*_PAGES, *_LISTS, *_SHADOW)
"""The counters of a VM that are read: each costs its reader and no one else."""

RMAPS_STAT = "mmu_rmaps_stat"
