
# QEMU's command line: -option value, a value being first,key=value,... with commas doubled, or JSON.

# option NAME LIST: $value is that of NAME= in a list, or with the name "" what stands first; fails if it is not there.
option() {
  case $2 in '{'*)
    member "$1" "$2"
    return
    ;;
  esac
  rest=$2,
  while [ -n "$rest" ]; do
    item=${rest%%,*} rest=${rest#*,}
    while :; do
      case $rest in ,?*) ;; *) break ;; esac
      rest=${rest#,}
      item=$item,${rest%%,*} rest=${rest#*,}
    done
    case $item in
      "$1="*)
        value=${item#*=}
        return
        ;;
      *=*) ;;
      *)
        value=$item
        [ -n "$1" ] || return 0
        ;;
    esac
    [ -n "$1" ] || return 1
  done
  return 1
}

qemu() {
  vcpus=1 memory=134217728 model='' flags='' backends=' ' sticks='' last='' smm=true
  case $program in *kvm) kvm=on ;; esac
  while IFS= read -r argument; do
    told=$last last=
    case $told in
      -name) ! option guest "$argument" && ! option '' "$argument" || name=$value ;;
      -m | -memory) qemu_memory ;;
      -smp) qemu_vcpus ;;
      -cpu) model=${argument%%,*} flags=,$argument, ;;
      -M | -machine) qemu_machine ;;
      -accel)
        case $argument in kvm*) kvm=on ;; esac
        ! option dirty-ring-size "$argument" || [ "$value" = 0 ] || ring=$value
        ;;
      -object) qemu_object ;;
      -device) qemu_device ;;
      -mem-path) mounted "$argument" ;;
      *)
        case $argument in -enable-kvm | --enable-kvm) kvm=on ;; esac
        last=$argument
        case $last in --*) last=${last#-} ;; esac
        ;;
    esac
  done << LIST
$arguments
LIST
  set +f
  for folder in "$root/sys/kernel/debug/kvm/$pid"-[0-9]*; do [ ! -d "$folder" ] || kvm=on; done
  set -f
  [ -n "$kvm" ] || return
  vmm=qemu
  qemu_dimms
  case $model in host | max) nests=${may_nest:+true} ;; esac
  case $flags in *,+vmx,* | *,vmx=on,* | *,vmx,* | *,+svm,* | *,svm=on,* | *,svm,*) nests=${may_nest:+true} ;; esac
  case $flags in *,-vmx,* | *,vmx=off,* | *,-svm,* | *,svm=off,*) nests= ;; esac
  libvirt
}

qemu_memory() {
  option size "$argument" || option '' "$argument" || return
  bytes "$value" 1048576 && memory=$value || memory=
  ! option maxmem "$argument" || ! bytes "$value" 1048576 || most_memory=$value
}

qemu_vcpus() {
  vcpus=
  if option cpus "$argument" || option '' "$argument"; then
    ! number "$value" || vcpus=$value
  else
    vcpus=1
    for level in drawers books sockets dies clusters modules cores threads; do
      ! option $level "$argument" || ! number "$value" || vcpus=$((vcpus * value))
    done
  fi
  ! option maxcpus "$argument" || most_vcpus=$value
}

qemu_machine() {
  ! option type "$argument" && ! option '' "$argument" || machine=$value
  case $machine in *microvm*) smm=false ;; esac
  ! option smm "$argument" || [ "$value" != off ] || smm=false
  ! option accel "$argument" || case $value in kvm*) kvm=on ;; esac
}

# Memory backends, by their names, and whether their pages are huge.
qemu_object() {
  option qom-type "$argument" || option '' "$argument" || return
  case $value in
    tdx-guest) tdx=on leaf=4K ;;
    memory-backend-*)
      option id "$argument" && backend=$value && option size "$argument" && bytes "$value" 1 || return
      backends="$backends$backend=$value "
      ! option mem-path "$argument" || mounted "$value"
      ! option hugetlb "$argument" || case $value in on | true)
        option hugetlbsize "$argument" || value=2M
        huge "$value"
        ;;
      esac
      ;;
  esac
}

qemu_device() {
  option driver "$argument" || option '' "$argument" || return
  case $value in
    pc-dimm) ! option memdev "$argument" || sticks="$sticks $value" ;;
    virtio-mem*) ! option requested-size "$argument" || ! bytes "$value" 1 || plugged=$((${plugged:-0} + value)) ;;
  esac
}

# DIMMs of different sizes are said to have their mean.
qemu_dimms() {
  total=0
  for stick in $sticks; do
    size=${backends#* "$stick"=}
    ! number "${size%% *}" || dimms=$((dimms + 1)) total=$((total + value))
  done
  [ $dimms = 0 ] || dimm_size=$((total / dimms / 4096 * 4096))
  [ -z "${plugged-}" ] || [ -z "$memory" ] || memory=$((memory + plugged))
  plugged=
}
