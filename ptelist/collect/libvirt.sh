
# What libvirt says of a VM of its own that runs, and that may have changed since QEMU was started.
libvirt() {
  set +f
  file=$(grep -lE "<domstatus [^>]*pid=['\"]${pid}['\"]" "$root"/run/libvirt/qemu/*.xml 2> /dev/null)
  set -f
  [ -n "$file" ] || return
  in_domain='' unit='' dimms=0 total=0 first_memory='' first_name='' stick=''
  while IFS= read -r element; do
    case $element in domain\ * | domain\>*) in_domain=on ;; esac
    [ -n "$in_domain" ] || continue
    content=${element#*>}
    case $element in
      name\>*) [ -n "$first_name" ] || first_name=on name=$content ;;
      memory\ model=*dimm*) stick=on ;;
      /memory\>*) stick= ;;
      size\ *) [ -z "$stick" ] || ! kib || dimms=$((dimms + 1)) total=$((total + value)) ;;
      memory\>* | memory\ unit=*) [ -n "$first_memory" ] || ! kib || first_memory=$value ;;
      maxMemory*) ! kib || most_memory=$value ;;
      vcpu\>* | vcpu\ *)
        most_vcpus=$content vcpus=$content
        ! attribute current || vcpus=$value
        ;;
      hugepages*) leaf=${leaf:-2M} ;;
      page\ *) [ -z "$leaf" ] || ! attribute size || ! number "$value" || [ "$value" -lt 1048576 ] || leaf=1G ;;
      cpu\ *host-passthrough* | cpu\ *maximum*) nests=${may_nest:+true} ;;
      feature\ *[\'\"]vmx[\'\"]* | feature\ *[\'\"]svm[\'\"]*)
        attribute policy || value=require
        case $value in require | force) nests=${may_nest:+true} ;; disable | forbid) nests= ;; esac
        ;;
    esac
  done << XML
$(tr '\n<' ' \n' < "${file%%"
"*}")
XML
  vmm=libvirt
  decoded
  [ -z "$first_memory" ] || memory=$((first_memory - total))
  [ $dimms = 0 ] || dimm_size=$((total / dimms / 4096 * 4096))
}

# kib: $value is the size in an element, which has KiB unless it says another unit.
kib() {
  attribute unit || value=KiB
  case $value in b | bytes) value=B ;; esac
  bytes "${content%%[!0-9]*}$value" 1
}

# attribute NAME: $value is that of an attribute of the element.
attribute() {
  value=${element%%>*}
  case $value in
    *" $1='"*) value=${value#*" $1='"} value=${value%%"'"*} ;;
    *" $1=\""*) value=${value#*" $1=\""} value=${value%%\"*} ;;
    *) return 1 ;;
  esac
}

# decoded: $name is without the entities of XML.
decoded() {
  rest=$name name=
  while :; do
    case $rest in
      *'&'*) name=$name${rest%%&*} rest=${rest#*&} ;;
      *) break ;;
    esac
    case $rest in
      amp\;*) name="$name&" ;;
      lt\;*) name="$name<" ;;
      gt\;*) name="$name>" ;;
      quot\;*) name="$name\"" ;;
      apos\;*) name="$name'" ;;
    esac
    rest=${rest#*;}
  done
  name=$name$rest
}
