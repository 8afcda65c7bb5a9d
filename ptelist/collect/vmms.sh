
# VMMs that have neither SMM nor a name for their VM.

of_option() { # $argument is the value of option $last; fails where it only names the next one
  case $argument in
    --*=*) last=${argument%%=*} argument=${argument#*=} ;;
    --*)
      last=$argument
      return 1
      ;;
  esac
}

cloud_hypervisor() {
  vmm=cloud-hypervisor last='' zones='' socket='' nests=${may_nest:+true}
  while IFS= read -r argument; do
    of_option || continue
    case $last in
      --cpus)
        option boot "$argument" && vcpus=$value || vcpus=1
        ! option max "$argument" || most_vcpus=$value
        ! option nested "$argument" || [ "$value" != off ] || nests=
        ;;
      --memory)
        option size "$argument" && bytes "$value" 1 && memory=$value
        ! option hotplug_size "$argument" || ! bytes "$value" 1 || most_memory=$((${memory:-0} + value))
        cloud_pages
        ;;
      --memory-zone)
        ! option size "$argument" || ! bytes "$value" 1 || zones=$((${zones:-0} + value))
        cloud_pages
        ;;
      --api-socket)
        option path "$argument" || value=$argument
        socket=$value
        ;;
    esac
  done << LIST
$arguments
LIST
  [ -z "$zones" ] || memory=$((${memory:-0} + zones))
  name=${socket##*/}
  name=${name%.sock}
  [ -z "$vcpus" ] && asked "$socket" /api/v1/vm.info || return
  ! member boot_vcpus "$answer" || vcpus=$value
  ! member max_vcpus "$answer" || most_vcpus=$value
  ! member size "${answer#*\"memory\"}" || ! number "$value" || memory=$value
  ! member hugepages "$answer" || [ "$value" != true ] || leaf=2M
}

cloud_pages() {
  option hugepages "$argument" && [ "$value" = on ] || return
  option hugepage_size "$argument" || value=2M
  huge "$value"
}

firecracker() {
  vmm=firecracker last='' file='' socket=
  while IFS= read -r argument; do
    of_option || continue
    case $last in
      --config-file) file=$argument ;;
      --api-sock) socket=$argument ;;
      --id) name=$argument ;;
    esac
  done << LIST
$arguments
LIST
  inside "$file"
  # the process may be anyone's: what it names is a file, of which so much is read that dash, whose time for a pattern
  # grows with the square of a text, looks through it within a second
  if [ -n "$file" ] && [ -f "$value" ] && [ -r "$value" ]; then
    answer=$(dd bs=16384 count=1 2> /dev/null < "$value" | tr '\000\n\t\r' '    ')
  else
    asked "$socket" /vm/config || return
  fi
  ! member vcpu_count "$answer" || vcpus=$value
  ! member mem_size_mib "$answer" || ! bytes "$value" 1048576 || memory=$value
  ! member huge_pages "$answer" || [ "$value" != 2M ] || leaf=2M
}
