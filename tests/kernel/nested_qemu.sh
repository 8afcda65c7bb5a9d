#!/bin/sh
# PID 1 of three machines, one inside the other: role=host runs QEMU with KVM as L1, role=l1 runs the L2s of /l2s in
# turn, role=l2 is a Linux that does nothing. nested_qemu.py puts the files there and reads what the host says.
export PATH=/bin:/usr/bin
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
mount -t proc p /proc && mount -t sysfs s /sys && mount -t devtmpfs d /dev && mount -t tmpfs t /tmp
mount -t debugfs g /sys/kernel/debug
mount -t tracefs f /sys/kernel/tracing
option() { sed -n "s/.*\<$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
raw() { stty -F "$1" raw -echo 115200; }
modules() {
  while read -r name; do
    params=
    [ "$name" = kvm_amd ] && params="nested=1 npt=1"
    # shellcheck disable=SC2086 # several words
    insmod "/$name.ko" $params
  done < /modules
}
QEMU="qemu-system-x86_64 -accel kvm -cpu host -display none -no-user-config -no-reboot"

# The descriptors in use go into the trace, beside what L1 is about; after a shrink slabinfo counts just those.
checkpoint() {
  echo 1 > /sys/kernel/slab/pte_list_desc/shrink
  held=$(awk '$1 == "pte_list_desc" { print $2 }' /proc/slabinfo)
  echo "held=$held $1" > /sys/kernel/tracing/trace_marker
  for vm in /sys/kernel/debug/kvm/*-*; do
    [ -d "$vm" ] && awk -v at="$1" '/4K/ { print "rmaps", at, $0 }' "$vm/mmu_rmaps_stat"
  done
}

host() {
  raw /dev/ttyS1
  exec > /dev/ttyS1 2>&1
  uname -r
  modules
  grep -F '[kvm]' /proc/kallsyms > /tmp/kallsyms
  export PTELIST_KALLSYMS=/tmp/kallsyms PTELIST_BUFFER_KB=131072
  sh /probes.sh start
  checkpoint before-l1
  : > /tmp/mark
  # shellcheck disable=SC2086 # several words
  $QEMU -M pc -m 640 -nodefaults -kernel /vmlinuz -initrd /l1.cpio -serial file:/tmp/console -serial file:/tmp/mark \
    -append "console=ttyS0 quiet loglevel=4 panic=-1 tsc=unstable role=l1 $(option l1 | tr , ' ')" &
  turn=0
  while [ -d /proc/$! ]; do
    mark=$(tail -n1 /tmp/mark | tr -d '\r')
    [ "$mark" != "$last" ] || [ $((turn % 10)) = 0 ] && checkpoint "${mark:-l1-boot}"
    last=$mark turn=$((turn + 1))
    sleep 0.2
  done
  checkpoint after-l1
  sh /probes.sh stop > /tmp/trace
  tr -d '\r' < /tmp/mark | sed 's/^/l1: /'
  tail -n 30 /tmp/console | sed 's/^/console: /'
  echo "TRACE BEGIN"
  gzip -9 < /tmp/trace | base64
  echo "TRACE END"
}

# NAME|SECONDS|OPTIONS of each L2: it runs until its firmware or system has nothing more to do.
l1() {
  raw /dev/ttyS1
  mark() { echo "$1" > /dev/ttyS1; sleep 1; }
  mark l1-userspace
  modules
  mark l1-kvm
  while IFS='|' read -r name seconds options; do
    : > /tmp/out
    mark "$name-start"
    eval "exec $QEMU $options" < /dev/null & l2=$!
    end=reached
    until grep -qE 'No bootable device|L2 IDLE' /tmp/out; do
      seconds=$((seconds - 1))
      [ $seconds -gt 0 ] && [ -d /proc/$l2 ] || { end=failed; break; }
      sleep 1
    done
    sleep 2
    mark "$name-$end"
    [ $end = reached ] || tail -n 20 /tmp/out
    kill -9 $l2
    wait $l2
    mark "$name-gone"
  done < /l2s
  mark l1-done
}

l2() {
  echo "L2 IDLE"
  sleep 100000
}

"$(option role)"
sync
sleep 0.5
poweroff -f
