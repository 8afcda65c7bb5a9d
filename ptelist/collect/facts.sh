
# Facts as the kernel has them, and what is counted.

facts() {
  object=
  put collector 1
  ! line /sys/devices/system/cpu/online || string online "$value"
  boot=
  for word in $words; do
    case $word in
      slub_* | slab_* | cgroup* | kvm* | maxcpus=* | nr_cpus=* | possible_cpus=* | sysctl.vm.mem_profiling=* | \
        transparent_hugepage=* | *hugepages=* | *hugepagesz=*)
        quoted "$word"
        boot="$boot${boot:+,}$json"
        ;;
    esac
  done
  put boot "[$boot]"
  whole_object=$object object=
  for name in kvm/tdp_mmu kvm/nx_huge_pages kvm/eager_page_split kvm/mmio_caching kvm_intel/ept kvm_intel/nested \
    kvm_intel/unrestricted_guest kvm_intel/pml kvm_intel/vpid kvm_intel/flexpriority kvm_intel/enable_apicv \
    kvm_amd/npt kvm_amd/nested kvm_amd/avic; do
    ! module "${name%/*}" "${name#*/}" || string "${name%/*}.${name#*/}" "$value"
  done
  parameters=$object object=$whole_object
  put modules "{$parameters}"
  [ ! -d "$root/sys/module/kvmgt" ] || put kvmgt true
  config
  [ -z "$hash" ] || put hash "\"$digest\""
}

# The options of the kernel's configuration that bear on a figure; what is not set is not there.
config() {
  for file in /proc/config.gz "/boot/config-$release" "/lib/modules/$release/config"; do
    [ -r "$root$file" ] || continue
    case $file in *.gz) unpack='gzip -dc' ;; *) unpack='cat' ;; esac
    options=$($unpack < "$root$file" 2> /dev/null | grep -E "^CONFIG_($telling)=")
    string config_from "$file"
    whole_object=$object object=
    for option in $options; do
      option=${option#CONFIG_}
      string "${option%%=*}" "${option#*=}"
    done
    options=$object object=$whole_object
    put config "{$options}"
    return
  done
}

telling='MEMCG|MEMCG_KMEM|SLUB|SLUB_TINY|SLUB_CPU_PARTIAL|SLUB_DEBUG|SLUB_DEBUG_ON|SLAB_MERGE_DEFAULT'
telling="$telling|SLAB_FREELIST_HARDENED|SLAB_BUCKETS|RANDOM_KMALLOC_CACHES|HARDENED_USERCOPY|MEM_ALLOC_PROFILING"
telling="$telling|MEM_ALLOC_PROFILING_ENABLED_BY_DEFAULT|KVM|KVM_EXTERNAL_WRITE_TRACKING|KASAN|KFENCE|PROVE_LOCKING"
telling="$telling|PREEMPT_RT|NR_CPUS|NODES_SHIFT"

measured() {
  object=
  while read -r name value _; do
    [ "$name" != SecPageTables: ] || ! number "$value" || put sec_pagetables $((value * 1024))
  done 2> /dev/null < "$root/proc/meminfo"
  found=$object slabs=
  unread /proc/slabinfo
  for cache in pte_list_desc kvm_mmu_page_header kvm_vcpu x86_emulator kvm_async_pf; do
    object=
    slabinfo $cache || slab_folder $cache || continue
    slabs="$slabs${slabs:+,}\"$cache\":{$object}"
  done
  object=$found
  put slabs "{$slabs}"
}

slabinfo() {
  [ -r "$root/proc/slabinfo" ] || return 1
  while read -r name active objects stride per_slab pages _ _ _ _ _ _ _ _ slabs_now _; do
    [ "$name" = "$1" ] || continue
    put from '"slabinfo"'
    counts "$active" "$objects" "$slabs_now" "$stride" "$per_slab" "$pages"
    return
  done < "$root/proc/slabinfo"
  return 1
}

# The folder of a cache: one that is merged is a link to that of them all, whose counts are of all its members.
slab_folder() {
  folder=/sys/kernel/slab/$1
  [ -d "$root$folder" ] || return 1
  unread "$folder/objects"
  target=$(readlink "$root$folder" 2> /dev/null)
  [ -z "$target" ] || string merged "${target##*/}"
  put from '"sysfs"'
  for name in objects total_objects slabs slab_size objs_per_slab order; do
    line "$folder/$name" || value=
    eval "cache_$name=\${value%% *}"
  done
  # shellcheck disable=SC2154 # set by eval
  counts "$cache_objects" "$cache_total_objects" "$cache_slabs" "$cache_slab_size" "$cache_objs_per_slab" \
    "${cache_order:+$((1 << cache_order))}"
}

counts() {
  whole active "$1"
  whole objects "$2"
  whole slabs "$3"
  whole stride "$4"
  whole per_slab "$5"
  whole pages "$6"
}
