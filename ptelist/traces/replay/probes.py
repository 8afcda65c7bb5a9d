"""Probes on KVM's list code: which functions, with which arguments, on which kernel."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import NamedTuple

from ptelist.scenario.presets import shipped, versions

NUMBERS = frozenset(("min",))
"""Arguments that are numbers; the others are pointers."""


class Call(NamedTuple):
    """One function on one kernel."""

    op: str
    function: str
    arguments: tuple[str, ...]
    unused: frozenset[str]
    """Arguments that a made-over function may lack."""
    registers: tuple[str, ...]

    def fetch_args(self, *, made_over: bool = False) -> str:
        """Return what a probe records, as kprobe_events has it; `made_over`: the function was, by the compiler."""
        names = [name for name in self.arguments if not (made_over and name in self.unused)]
        return " ".join(
            f"{name}=%{register}:{'s32' if name in NUMBERS else 'x64'}"
            for name, register in zip(names, self.registers, strict=False)
            if name not in self.unused
        )


@cache
def _table() -> dict[str, object]:
    return tomllib.loads((shipped.root() / "probes.toml").read_text(encoding="utf-8"))


def calls(version: str) -> list[Call]:
    """Return what to probe on a kernel version, one function for each operation."""
    table: dict[str, list[dict[str, str]]] = _table()  # type: ignore[assignment]
    by_op: dict[str, Call] = {}
    key = versions.version_key(version)
    for call in table["calls"]:
        if versions.version_key(call["since"]) <= key:
            unused, registers = frozenset(table["unused"]), tuple(table["registers"])
            by_op[call["op"]] = Call(call["op"], call["function"], tuple(call["arguments"]), unused, registers)  # type: ignore[arg-type]
    return list(by_op.values())


@cache
def operations() -> dict[str, str]:
    """Return what a call of each function means, on any kernel."""
    table: dict[str, list[dict[str, str]]] = _table()  # type: ignore[assignment]
    return {call["function"]: call["op"] for call in table["calls"]}


def script(version: str) -> str:
    """Return a shell script that sets the probes up, on the machine where it runs, and takes a trace."""
    probes = (
        f"probe {call.function} '{call.fetch_args()}' '{call.fetch_args(made_over=True)}'" for call in calls(version)
    )
    return SCRIPT.replace("@VERSION@", version).replace("@PROBES@", "\n  ".join(probes))


SCRIPT = """\
#!/bin/sh
# Traces every change of KVM's rmap and parent_ptes lists, for ptelist replay.
# Written by: ptelist replay --probe-script --kernel @VERSION@
#
#   sh probes.sh start            before the VM starts, as root
#   sh probes.sh stop > trace.txt
#   ptelist replay trace.txt --kernel @VERSION@
#
# The probes cost a trap, or a jump, for each entry of each list. A buffer that is
# too small loses events: PTELIST_BUFFER_KB is per CPU (default 65536).
set -eu
tracefs=${PTELIST_TRACEFS:-/sys/kernel/tracing}
[ -e "$tracefs/kprobe_events" ] || tracefs=/sys/kernel/debug/tracing
[ -w "$tracefs/kprobe_events" ] || {
  echo "probes: cannot write $tracefs/kprobe_events: is this root, tracefs mounted, CONFIG_KPROBE_EVENTS on?" >&2
  exit 1
}
kallsyms=${PTELIST_KALLSYMS:-/proc/kallsyms}

symbol() { # the symbol of a function, as MODULE:NAME if it is in one
  awk -v name="$1" '
    $2 ~ /^[tT]$/ {
      plain = $3
      sub(/\\.isra\\.[0-9]+$/, "", plain)
      if (plain == name) { module = $4; gsub(/[][]/, "", module); print (module ? module ":" : "") $3 }
    }' "$kallsyms" | tail -n 1
}

probe() { # FUNCTION, its arguments, and those that are left if the compiler made it over
  place=$(symbol "$1")
  case $place in
    '') echo "probes: no symbol $1, its calls are not seen" >&2; return ;;
    *.isra.*) arguments=$3 ;;
    *) arguments=$2 ;;
  esac
  echo "p:ptelist/$1 $place $arguments" >> "$tracefs/kprobe_events"
}

clear() {
  [ ! -e "$tracefs/events/ptelist/enable" ] || echo 0 > "$tracefs/events/ptelist/enable"
  grep -o 'ptelist/[a-z_]*' "$tracefs/kprobe_events" | while read -r event; do
    echo "-:$event" >> "$tracefs/kprobe_events"
  done
}

start() {
  clear
  @PROBES@
  echo "${PTELIST_BUFFER_KB:-65536}" > "$tracefs/buffer_size_kb"
  echo > "$tracefs/trace"
  echo 1 > "$tracefs/events/ptelist/enable"
  echo 1 > "$tracefs/tracing_on"
}

stop() {
  echo 0 > "$tracefs/tracing_on"
  cat "$tracefs/trace"
  clear
}

case ${1:-} in
  start | stop) "$1" ;;
  *) echo "usage: sh $0 start | stop > trace.txt" >&2; exit 2 ;;
esac
"""
