
# The VMs: what each VMM was told, and what its process, its cgroup and KVM's counters show.

vms() {
  vms='' seen=' '
  unread /sys/kernel/debug
  set +f
  for process in "$root"/proc/[0-9]*; do
    IFS= read -r start 2> /dev/null < "$process/cmdline"
    case $start in *qemu* | *kvm* | *cloud-hypervisor* | *firecracker*) process ;; esac
  done
  others
  set -f
}

# process: adds the VM of a process, if it is a VMM.
process() {
  pid=${process##*/}
  # a line each; within one, a line's end is a byte 1
  arguments=$(tr '\n\000' '\001\n' 2> /dev/null < "$process/cmdline")
  program=${arguments%%"
"*}
  program=${program##*/}
  set -f
  name='' vcpus='' memory='' most_vcpus='' most_memory='' leaf='' dimms=0 dimm_size='' smm=false tdx='' machine=''
  ring='' nests='' kvm='' vmm=''
  case $program in
    qemu-system-* | qemu-kvm | qemu | kvm) qemu ;;
    cloud-hypervisor*) cloud_hypervisor ;;
    firecracker*) firecracker ;;
  esac
  set +f
  [ -z "$vmm" ] || vm
}

# A VM of another VMM: KVM shows the vCPUs of each process that root may see.
others() {
  for folder in "$root"/sys/kernel/debug/kvm/[0-9]*-[0-9]*; do
    pid=${folder##*/}
    pid=${pid%%-*}
    case $seen in *" $pid "*) continue ;; esac
    [ -d "$folder" ] || continue
    process=$root/proc/$pid
    line "/proc/$pid/comm"
    vmm=other name=$value vcpus='' memory='' most_vcpus='' most_memory='' leaf='' dimms=0 dimm_size='' smm='' tdx='' ring=''
    nests='' machine=''
    vm
  done
}

# vm: adds what is known of one. A VM of which not even the vCPUs are known is counted by itself. Where KVM shows its VMs
# it is believed: a process may call itself as it likes, and vCPUs are plugged in.
vm() {
  kvm_counters
  [ -n "$counters" ] || [ ! -r "$root/sys/kernel/debug/kvm" ] || return
  seen="$seen$pid "
  [ -n "$vcpus" ] || threads
  number "${created:-$vcpus}" && [ "$value" != 0 ] && vcpus=$value || vcpus=
  measured_vm
  vm_measured=$object object=
  string vmm "$vmm"
  [ -z "$machine" ] || string machine "$machine"
  whole max_vcpus "$most_vcpus"
  whole max_memory "$most_memory"
  put cpu_nests "${nests:-false}"
  vm_facts=$object object=
  [ -z "$name" ] || {
    named "$name"
    put name "$json"
  }
  whole vcpus "$vcpus"
  whole memory "$memory"
  [ "$dimms" = 0 ] || {
    put dimms "$dimms"
    whole dimm_size "$dimm_size"
  }
  [ -z "$leaf" ] || put leaf "\"$leaf\""
  # An L2 runs where KVM has counted an entry into one; where it does not count, where the processor lets one run.
  nested=${nests:-false}
  [ -z "$entered" ] || [ "$entered" != 0 ] || nested=false
  [ -z "$entered" ] || [ "$entered" = 0 ] || nested=true
  [ "$paging" != shadow ] || nested=false
  put nested "$nested"
  [ "$nested" = false ] || [ -z "$memory" ] || [ "$memory" -ge 1073741824 ] || put l2_memory "$memory"
  [ -z "$smm" ] || put smm "$smm"
  [ -z "$tdx" ] || put tdx true
  [ -z "$ring" ] || whole dirty_ring "$ring"
  put facts "{$vm_facts}"
  put measured "{$vm_measured}"
  if [ -n "$vcpus" ]; then
    vms="$vms${vms:+,}{$object}"
  else
    unknown="$unknown${unknown:+,}{$object}"
  fi
}

unknown=

# threads: $vcpus is how many threads of the process are named as vCPUs are.
threads() {
  for thread in "$process"/task/[0-9]*/comm; do
    IFS= read -r comm 2> /dev/null < "$thread"
    case $comm in 'CPU '[0-9]*/KVM | vcpu[0-9]* | 'fc_vcpu '[0-9]*) vcpus=$((${vcpus:-0} + 1)) ;; esac
  done
}

# kvm_counters: $counters are some of KVM's, $created its vCPUs, $entered how often they entered an L2.
kvm_counters() {
  counters='' created='' entered=''
  for folder in "$root/sys/kernel/debug/kvm/$pid"-[0-9]*; do
    [ -d "$folder" ] || continue
    folder=${folder#"$root"} object=
    for counter in pages_4k pages_2m pages_1g max_mmu_rmap_size mmu_shadow_pages nested_run; do
      ! line "$folder/$counter" || ! whole $counter "$value" || [ $counter != nested_run ] || entered=$value
    done
    created=0
    for vcpu in "$root$folder"/vcpu[0-9]*; do
      [ ! -d "$vcpu" ] || created=$((created + 1))
    done
    put vcpus $created
    [ $created != 0 ] || created=
    counters=$object
  done
}

measured_vm() {
  object=
  [ -z "$counters" ] || put kvm "{$counters}"
  if [ -r "$process/status" ]; then
    while read -r key value _; do
      case $key in
        VmRSS:) ! number "$value" || put rss $((value * 1024)) ;;
        HugetlbPages:) ! number "$value" || put hugetlb $((value * 1024)) ;;
      esac
    done 2> /dev/null < "$process/status"
  fi
  cgroup
}

# The nearest cgroup of the process that has figures of its own; VMs that share one have the same name here.
cgroup() {
  [ -r "$process/cgroup" ] || return
  mount='' group=''
  while IFS=: read -r _ controllers path; do
    case ",$controllers," in
      ,,) [ -n "$mount" ] || mount=/sys/fs/cgroup group=$path ;;
      *,memory,*) mount=/sys/fs/cgroup/memory group=$path ;;
    esac
  done 2> /dev/null < "$process/cgroup"
  until [ -z "$group" ] || [ "$group" = / ] || [ -r "$root$mount$group/memory.stat" ]; do group=${group%/*}; done
  [ -n "$group" ] && [ "$group" != / ] || return
  measured_object=$object object=
  named "$group"
  put name "$json"
  while read -r key value; do
    case $key in kernel | slab_unreclaimable | sec_pagetables | pagetables | percpu) whole "$key" "$value" ;; esac
  done < "$root$mount$group/memory.stat"
  ! line "$mount$group/memory.kmem.usage_in_bytes" || whole kernel "$value"
  group=$object object=$measured_object
  put cgroup "{$group}"
}

# huge SIZE: $leaf is what KVM can map pages of hugetlbfs with.
huge() {
  bytes "$1" 1 || return
  leaf=2M
  [ "$value" -lt 1073741824 ] || leaf=1G
}

# mounted PATH: the same for a file, if it is in a hugetlbfs.
mounted() {
  [ -r "$root/proc/mounts" ] || return
  while read -r _ mount type options _; do
    case $type:$1/ in
      hugetlbfs:"$mount"/*)
        options=${options##*pagesize=}
        huge "${options%%,*}"
        ;;
    esac
  done < "$root/proc/mounts"
}

# member NAME JSON: $value is what a member has, a number or a word; the text is trusted to be JSON.
member() {
  value=${2#*\""$1"\"}
  [ "$value" != "$2" ] || return 1
  value=${value#*:}
  value=${value%%[,\}]*}
  value=${value#"${value%%[! ]*}"}
  value=${value#\"}
  value=${value%%[\" ]*}
}

# inside FILE: $value is where a file of the process is, which may have a root folder of its own.
inside() {
  case $1 in /*) value=$process/root$1 ;; *) value=$process/cwd/$1 ;; esac
}

# asked SOCKET PATH: $answer is what a VMM tells of itself on its socket.
asked() {
  [ -n "$ask" ] && [ -n "$1" ] || return 1
  inside "$1"
  answer=$(curl -s --max-time 2 --unix-socket "$value" "http://localhost$2" 2> /dev/null) && [ -n "$answer" ]
}
