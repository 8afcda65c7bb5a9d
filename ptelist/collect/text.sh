#!/bin/sh
# What this host's kernel and its VMs are and take, as one line of JSON for `ptelist fleet`.
#
#   sh collect.sh [--hash[=SALT]] [--ask] [--help]
#
# It needs no more than a POSIX shell and the usual tools (busybox has them all). It only reads /proc, /sys, /boot,
# /run/libvirt and the configuration files of VMMs, nothing that holds mmu_lock, and sends nothing anywhere.
# --hash   names of the host, VMs and cgroups are hashed, behind SALT where it is given: who knows a name and no salt
#          can tell whether it is meant
# --ask    ask firecracker and cloud-hypervisor on their sockets what no command line says (GET requests, with curl)
# Root may read all; without it, what may not be read is left out and named in "unread".
# PTELIST_ROOT is a folder that has a copy of /proc, /sys and so on.

LC_ALL=C
export LC_ALL
usage='usage: sh collect.sh [--hash[=SALT]] [--ask] [--help]'
root=${PTELIST_ROOT-} hash='' salt='' ask=''
for word; do
  case $word in
    --hash) hash=on ;;
    --hash=*) hash=on salt=${word#*=} ;;
    --ask) ask=on ;;
    -h | --help)
      echo "$usage"
      echo "Prints what this host's kernel and its VMs are and take, as one line of JSON for ptelist fleet."
      echo
      echo "  --hash       hash the names of the host, its VMs and cgroups"
      echo "  --hash=SALT  hash them behind SALT, so that who knows a name cannot tell whether it is meant"
      echo "  --ask        ask firecracker and cloud-hypervisor on their sockets what no command line says"
      echo "  -h, --help   print this"
      exit
      ;;
    *)
      echo "$usage" >&2
      exit 2
      ;;
  esac
done
set -f

# Text, numbers and JSON. Functions answer in variables: a subshell for each value would take too long.

# line FILE: $value is its first line; fails if there is none.
line() {
  value=
  [ -f "$root$1" ] && [ -r "$root$1" ] || return 1
  { IFS= read -r value || [ -n "$value" ]; } 2> /dev/null < "$root$1"
}

# number TEXT: $value is the whole number; fails for other text.
number() {
  case $1 in '' | *[!0-9]* | ????????????????*) return 1 ;; esac
  value=$1
  while :; do
    case $value in 0?*) value=${value#0} ;; *) return 0 ;; esac
  done
}

# bytes SIZE UNIT: $value is it in bytes, UNIT those of a plain number; 1.5G is a size too. Fails for other text.
bytes() {
  digits=${1%%[!0-9.]*}
  case ${1#"$digits"} in
    '') unit=$2 ;;
    [bB]) unit=1 ;;
    [kK]*) unit=1024 ;;
    [mM]*) unit=1048576 ;;
    [gG]*) unit=1073741824 ;;
    [tT]*) unit=1099511627776 ;;
    *) return 1 ;;
  esac
  part=${digits#*.} tens=1
  [ "$part" != "$digits" ] || part=
  case $part in *.* | ???????*) return 1 ;; esac
  number "${part:-0}" || return 1
  least=$((value * unit))
  while [ -n "$part" ]; do part=${part%?} tens=$((tens * 10)); done
  number "${digits%%.*}" || return 1
  [ "$value" -le $((4503599627370496 / unit)) ] || return 1
  value=$((value * unit + least / tens))
  value=$((value - value % 4096))
}

# put NAME JSON: adds a member to $object; whole NAME TEXT a number, if it is one; string NAME TEXT; truth NAME TEXT.
# Of what a file says twice the first counts.
put() { case ",$object" in *",\"$1\":"*) ;; *) object="$object${object:+,}\"$1\":$2" ;; esac }
whole() { ! number "$2" || put "$1" "$value"; }
string() {
  quoted "$2"
  put "$1" "$json"
}
truth() { if [ -n "$2" ]; then put "$1" true; else put "$1" false; fi; }

# quoted TEXT: $json is it as JSON, in ASCII.
quoted() {
  case $1 in
    *[!\ -~]* | *\"* | *\\*) escaped "$1" ;;
    *) json="\"$1\"" ;;
  esac
}

# The same for any bytes: those that are no UTF-8 become U+FFFD, and 1 stands for a line's end, as in $arguments.
# $text is for printf %b.
escaped() {
  text='' left=0
  for byte in $(printf %s "$1" | od -An -v -tx1); do
    code=$((0x$byte))
    [ $code != 1 ] || code=10
    if [ $left -gt 0 ]; then
      if [ $((code & 192)) -eq 128 ]; then
        point=$((point * 64 + code - 128)) left=$((left - 1))
        [ $left -gt 0 ] || character $point
        continue
      fi
      left=0
      utf16 65533
    fi
    if [ $code -lt 128 ]; then
      least=0
      character $code
    elif [ $code -ge 194 ] && [ $code -lt 224 ]; then
      point=$((code - 192)) left=1 least=128
    elif [ $code -ge 224 ] && [ $code -lt 240 ]; then
      point=$((code - 224)) left=2 least=2048
    elif [ $code -ge 240 ] && [ $code -lt 245 ]; then
      point=$((code - 240)) left=3 least=65536
    else
      utf16 65533
    fi
  done
  [ $left -eq 0 ] || utf16 65533
  json="\"$(printf %b "$text")\""
}

# character POINT: adds it to $text; one in too many bytes, a surrogate or one beyond Unicode is none.
character() {
  if [ "$1" -lt "$least" ] || [ "$1" -gt 1114111 ] || [ $(($1 / 2048)) -eq 27 ]; then
    utf16 65533
  elif [ "$1" -ge 65536 ]; then
    utf16 $((55296 + ($1 - 65536) / 1024))
    utf16 $((56320 + $1 % 1024))
  elif [ "$1" -lt 32 ] || [ "$1" -gt 126 ] || [ "$1" -eq 34 ] || [ "$1" -eq 92 ]; then
    utf16 "$1"
  else
    text="$text\\0$(($1 / 64))$(($1 / 8 % 8))$(($1 % 8))"
  fi
}

utf16() { text="$text\\0134u$(printf %04x "$1")"; }

# named TEXT: $json is a name, hashed where that is asked for.
named() {
  if [ -z "$hash" ]; then
    quoted "$1"
  else
    json=$(printf %s "$salt$1" | tr '\001' '\n' | $digest)
    json=${json%% *}
    json="\"$(printf %.16s "$json")\""
  fi
}

digest='cksum'
! command -v sha256sum > /dev/null 2>&1 || digest=sha256sum

# unread FILE: remembers what is there and may not be read.
unread=
unread() {
  [ ! -e "$root$1" ] || [ -r "$root$1" ] || {
    quoted "$1"
    unread="$unread${unread:+,}$json"
  }
}
