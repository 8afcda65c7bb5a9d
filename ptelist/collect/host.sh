
# The host, in the words of ptelist's options: what is not known is left out.

# cpus LIST: of a list such as 0-3,8 $count is how many there are, $last the last one.
cpus() {
  count=0 rest=$1,
  while [ -n "$rest" ]; do
    item=${rest%%,*} rest=${rest#*,}
    number "${item%-*}" || return 1
    first=$value
    number "${item#*-}" || return 1
    count=$((count + value - first + 1)) last=$value
  done
}

# module NAME FILE: $value is a parameter of a module, $on whether it is Y or 1.
module() {
  on=
  line "/sys/module/$1/parameters/$2" || return 1
  case $value in Y | 1) on=on ;; esac
}

host() {
  if line /proc/sys/kernel/hostname; then
    named "$value"
    put host "$json"
  fi
  ! line /proc/sys/kernel/osrelease || string kernel "$value"
  release=$value
  topology
  while read -r name value _; do
    [ "$name" != MemTotal: ] || ! number "$value" || put host_memory $((value * 1024))
  done 2> /dev/null < "$root/proc/meminfo"
  words=
  ! line /proc/cmdline || words=$value
  slub
  memcg
  profiling
  processor
}

topology() {
  if line /sys/devices/system/cpu/present && cpus "$value"; then
    present=$count
    put cpus "$present"
    ! line /sys/devices/system/cpu/possible || ! cpus "$value" || [ "$last" -lt "$present" ] ||
      put possible_cpus $((last + 1))
  fi
  count=1
  ! line /sys/devices/system/node/has_normal_memory || cpus "$value" || count=1
  put nodes "$count"
}

# Boot options of SLUB; the last one counts. Of slub_debug what a cache shows, which root may read, else plain letters.
slub() {
  debug='' min_objects='' min_order='' max_order=''
  for word in $words; do
    value=${word#*=}
    case $word in
      sl[au]b_min_objects=*) min_objects=$value ;;
      sl[au]b_min_order=*) min_order=$value ;;
      sl[au]b_max_order=*) max_order=$value ;;
      sl[au]b_debug) debug=FZPU ;;
      sl[au]b_debug=*) debug=$value ;;
    esac
  done
  whole slub_min_objects "$min_objects"
  whole slub_min_order "$min_order"
  whole slub_max_order "$max_order"
  flags=$(
    for flag in F=sanity_checks Z=red_zone P=poison U=store_user T=trace; do
      line "/sys/kernel/slab/pte_list_desc/${flag#*=}" || exit
      [ "$value" = 0 ] || printf %s "${flag%%=*}"
    done
    echo .
  )
  case $flags in *.) debug=${flags%.} ;; esac
  case $debug in '' | - | *[!FZPUTA]*) ;; *) put slub_debug "\"$debug\"" ;; esac
}

# Whether a VMM in a cgroup of its own is charged for kernel memory.
memcg() {
  charged=false
  if line /sys/fs/cgroup/cgroup.subtree_control; then
    case " $value " in *' memory '*) charged=true ;; esac
  fi
  if [ -r "$root/proc/cgroups" ]; then
    while read -r controller hierarchy _ enabled; do
      [ "$controller$enabled" != memory1 ] || [ "$hierarchy" = 0 ] || charged=true
    done < "$root/proc/cgroups"
  fi
  for word in $words; do
    case $word in cgroup_disable=*memory* | cgroup.memory=*nokmem*) charged=false ;; esac
  done
  put memcg $charged
}

profiling() {
  profiled=absent
  if line /proc/sys/vm/mem_profiling; then
    profiled=built
    for word in $words; do
      case $word in sysctl.vm.mem_profiling=never*) profiled=never ;; sysctl.vm.mem_profiling=*) profiled=built ;; esac
    done
    [ "$value" != 1 ] || profiled=on
  fi
  put alloc_profiling "\"$profiled\""
}

# What the modules of KVM say of the processor and of paging: that of all VMs, for it is a parameter.
processor() {
  paging='' may_nest=''
  if module kvm_amd npt; then
    put vendor '"amd"'
    paging=${on:-shadow}
    ! module kvm_amd nested || may_nest=$on
  elif module kvm_intel ept; then
    put vendor '"intel"'
    paging=${on:-shadow}
    ! module kvm_intel nested || may_nest=$on
  fi
  if [ "$paging" = on ]; then
    paging=tdp
    ! module kvm tdp_mmu || paging=tdp-${on:+mmu}
    [ "$paging" != tdp- ] || paging=tdp-legacy
  fi
  [ -z "$paging" ] || put paging "\"$paging\""
  if module kvm nx_huge_pages && [ "$value" != auto ]; then
    truth itlb_multihit "$on"
  elif line /sys/devices/system/cpu/vulnerabilities/itlb_multihit; then
    truth itlb_multihit "${value##Not affected}"
  fi
}
