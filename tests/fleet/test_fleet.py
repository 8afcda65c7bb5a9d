"""Fleets: each host is what the engine says of it whole, and the sum does not depend on how rows come."""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import random
import re
import shlex
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from builders import built
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from ptelist.compare.comparison import change
from ptelist.engine.account import account
from ptelist.errors import PtelistError
from ptelist.fleet.fields import mapped
from ptelist.fleet.fleet import Fleet
from ptelist.fleet.inventory import Inventory
from ptelist.fleet.reader import Reader
from ptelist.fleet.summed import SUMMED
from ptelist.fleet.totals import CHUNK, add_up
from ptelist.fleet.usual import ENDS, USUAL, Usual
from ptelist.fleet.values import HostValues
from ptelist.fleet.what_ifs import assumed
from ptelist.output.page import MAIL_WIDTH
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.settings import named
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from ptelist.scenario.models import Scenario

HEAD = ("host", "kernel", "cpus", "nodes", "host_memory", "vcpus", "memory", "paging", "nested", "count", "rack")
HOSTS = """\
host,kernel,cpus,nodes,host_memory,vcpus,memory,paging,nested,count,rack
a,6.1.0-56-cloud-amd64,64,1,512GiB,4,8GiB,tdp,no,10,r1
a,6.1.0-56-cloud-amd64,64,1,512GiB,16,32GiB,tdp,yes,2,r1
b,6.12.117,128,2,1TiB,64,256GiB,tdp,no,3,r1
c,5.10.0,256,2,1TiB,8,16GiB,tdp,no,30,r2
d,6.18.2,64,1,512GiB,4,8GiB,tdp,no,0,r2
"""
WHOLE = "pte_list_desc.bytes.total"
Row = dict[str, Any]


def whole(rows: list[Row], **kernel: int) -> Scenario:
    """Return a host with all its VM groups, laid together by hand."""

    def fields(values: dict[str, Any]) -> dict[str, Setting]:
        return {name: Setting(value, Origin("test"), name) for name, value in values.items()}

    first = rows[0]
    series = ".".join(first["kernel"].split(".")[:2])
    base = named.load("server-64", "hosts").overlay.over(named.load(series, "kernels").overlay)
    (column,) = expand((), [("kernel", first["kernel"])]).columns
    base = named.config(column.scenario.config.name, series).over(base)
    plain = named.load("q35", "memslots").overlay.vm | named.load("tdp", "vms").overlay.vm
    groups = tuple(
        plain
        | fields({name: row[name] for name in ("vcpus", "memory", "paging", "nested", "count")} | {"name": "group"})
        for row in rows
        if row["count"]
    )
    host = fields({"cpus": first["cpus"], "nodes": first["nodes"]})
    return built(Overlay(kernel=fields(kernel), host=host, vms=groups).over(base))


@st.composite
def fleets(draw: st.DrawFn) -> list[list[Row]]:
    """Draw hosts, each with its VM groups."""
    hosts = []
    for number in range(draw(st.integers(1, 4))):
        kernel = draw(st.sampled_from(["5.10.0", "6.1.0-5-amd64", "6.18.15", "7.3"]))
        about = {"host": f"h{number}", "kernel": kernel, "cpus": draw(st.sampled_from([1, 64, 128]))}
        about |= {"nodes": draw(st.integers(1, 2)), "rack": draw(st.sampled_from("xy"))}
        paging = draw(st.sampled_from(["tdp-mmu", "shadow", "tdp-legacy"]))
        groups = draw(
            st.lists(
                st.fixed_dictionaries(
                    {
                        "vcpus": st.sampled_from([1, 2, 33]),
                        "memory": st.sampled_from([1 << 30, 4 << 30, 5 << 30]),
                        "paging": st.just(paging),
                        "nested": st.booleans() if paging != "shadow" else st.just(False),
                        "count": st.integers(0, 5),
                    }
                ),
                min_size=1,
                max_size=4,
            )
        )
        hosts.append([about | group for group in groups])
    return hosts


def text(rows: list[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(inventory: str, by: tuple[str, ...] = (), **options: str) -> tuple[Fleet, Any]:
    """Return the fleet and its census."""
    rows = Inventory(io.BytesIO(inventory.encode()), "inventory", {}, by)
    fleet = Fleet((rows.host_fields, rows.vm_fields), rows.choices, {}, list(options.items()))
    return fleet, Reader(rows, fleet, keep_going=False).census(id)


def jobs(census: Any) -> list[Any]:
    """Return the kinds of hosts, with how many there are of each."""
    return [(kind, len(names)) for kind, names in census.hosts.items()]


def taken(inventory: str, by: tuple[str, ...] = (), **options: str) -> tuple[Fleet, Any, Any]:
    """Return the fleet, its census and its sums, all in this process."""
    fleet, census = read(inventory, by, **options)
    return fleet, census, add_up(fleet, jobs(census), SUMMED, 1, id)


@examples(40)
@given(fleets(), st.randoms(use_true_random=False))
def test_sums_are_those_of_the_hosts_one_by_one(hosts: list[list[Row]], order: random.Random) -> None:
    rows = [row for host in hosts for row in host]
    order.shuffle(rows)
    _, census, part = taken(text(rows), ("rack",), ext="5")
    wanted: dict[tuple[str, ...], list[int]] = {}
    for host in hosts:
        sums = wanted.setdefault((host[0]["rack"],), [0] * (8 * len(SUMMED)))
        if not any(row["count"] for row in host):
            continue
        old, new = account(whole(host)), account(whole(host, pte_list_ext=5))
        values = []
        for ledger in (old, new):
            for figure in SUMMED:
                delta = change(old[figure], ledger[figure])
                values += [ledger[figure].low, ledger[figure].high, delta.low, delta.high]
        sums[:] = [one + other for one, other in zip(sums, values, strict=True)]
    assert {group: values[::2] and values for group, values in part.by_group.items()} == wanted
    assert not part.unchanged
    for (rack,), group in census.groups.items():
        mine = [row for row in rows if row["rack"] == rack]
        assert group.hosts == len({row["host"] for row in mine})
        assert group.vms == sum(row["count"] for row in mine)
        assert group.vcpus == sum(row["count"] * row["vcpus"] for row in mine)
        assert group.memory is None


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.csv"
    path.write_text(HOSTS, encoding="utf-8")
    return path


def document(run: Callable[..., Result], path: Path, line: str = "") -> dict[str, Any]:
    result = run("fleet", str(path), *shlex.split(line), "--format", "json")
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


def figure(data: dict[str, Any], what_if: int, name: str = WHOLE) -> tuple[int, ...]:
    found = data["what_ifs"][what_if]["figures"][name]
    change = found.get("change")
    return found["low"], found["high"], *((change["low"], change["high"]) if change else ())


def test_what_a_patch_saves(run: Callable[..., Result], inventory: Path) -> None:
    """Host a: 10 x 4 and 2 x 16 vCPUs hold 2,880 objects, 90 slabs of 32, or 23 of 128."""
    data = document(run, inventory, "--proposal shrink-tdp --by kernel")
    assert [each["name"] for each in data["total"]["what_ifs"]] == ["as it is", "proposal=shrink-tdp"]
    assert (data["total"]["hosts"], data["total"]["vms"], data["total"]["vcpus"]) == (4, 45, 504)
    by_kernel = {each["group"]["kernel"]: each for each in data["groups"]}
    assert list(by_kernel) == ["5.10.0", "6.1.0-56-cloud-amd64", "6.12.117", "6.18.2"], "by number, not by letter"
    a = by_kernel["6.1.0-56-cloud-amd64"]
    assert figure(a, 0) == (90 * (4096 + 256),) * 2
    assert figure(a, 1)[:2] == (23 * (4096 + 1024),) * 2
    assert figure(a, 1)[2:] == (-273_920, -273_920)
    assert figure(by_kernel["5.10.0"], 1)[2:] == (0, 0)
    assert figure(by_kernel["6.18.2"], 0) == (0, 0)
    assert data["total"]["host_memory"] == 3 << 40
    text = " ".join(run("fleet", str(inventory), "--proposal", "shrink-tdp").stdout.split())
    assert (
        "unchanged: proposal=shrink-tdp cannot be applied to 1 host, which is counted as it is: shrink-tdp changes what"
        " kernel 5.10 does not have; it needs 5.15 or later "
    ) in text
    assert "proposal shrink-tdp: not merged" in text
    assert "host memory: 3 TiB in all" in text
    assert "not used: rack in" in text


def test_what_ifs_replace_what_the_inventory_says(run: Callable[..., Result], inventory: Path) -> None:
    data = document(run, inventory, "--kernel 6.18 --memcg off,on")
    names = [each["name"] for each in data["total"]["what_ifs"]]
    assert names == ["as it is", "kernel=6.18, memcg=off", "kernel=6.18, memcg=on"]
    rows = list(csv.DictReader(io.StringIO(HOSTS)))
    everywhere = [dict(row, kernel="6.18") for row in rows]
    again = document_of(run, inventory, text(everywhere))
    assert figure(again["total"], 0) == figure(data["total"], 2)[:2]
    off = document_of(run, inventory, text([dict(row, memcg="off") for row in everywhere]))
    assert figure(off["total"], 0) == figure(data["total"], 1)[:2]
    assumed_off = document_of(run, inventory, text(everywhere), "--assume memcg=off")
    assert assumed_off["total"] == off["total"]


def document_of(run: Callable[..., Result], path: Path, content: str, line: str = "") -> dict[str, Any]:
    other = path.with_name("other.csv")
    other.write_text(content, encoding="utf-8")
    return document(run, other, line)


def test_equal_follows_from_equal(run: Callable[..., Result], inventory: Path) -> None:
    """What is open as it is and as open under a what-if is no change, unless the what-if had a part in it."""
    row = "host,vcpus,nested,nodes\nx,4,on,2\n"
    data = document_of(run, inventory, row, "--ext 14,2 --slab-merge off")
    wide = figure(data["total"], 0, "mmu.bytes.total")
    assert wide[0] < wide[1]
    assert figure(data["total"], 1, "mmu.bytes.total")[2:] == (0, 0)
    assert figure(data["total"], 2, "mmu.bytes.total")[2] < 0
    caches = document_of(run, inventory, "host,vcpus,nodes,caches\nx,4,2,drawn\n", "--list-policy walk,head --ext 14")
    assert figure(caches["total"], 1)[2:] == (0, 0)


@pytest.mark.parametrize("processes", ["1", "2", "3"])
def test_processes_and_the_order_of_rows_change_nothing(
    run: Callable[..., Result], tmp_path: Path, processes: str
) -> None:
    order = random.Random(3)
    rows = []
    for number in range(3 * CHUNK):
        for _ in range(order.randint(1, 3)):
            vcpus, memory = order.choice((1, 2, 8)), f"{order.randint(1, 64)}GiB"
            kernel = ("6.1", "6.18", "5.14")[number % 3]
            rows.append(
                (f"h{number}", kernel, 64, 1 + number % 2, "", vcpus, memory, "tdp", "no", number % 4, number % 5)
            )
    texts = []
    frozen = gc.get_freeze_count()
    for _ in range(1 + (processes == "2")):
        path = tmp_path / "fleet.csv"
        path.write_text("\n".join(",".join(map(str, row)) for row in (HEAD, *rows)) + "\n", encoding="utf-8")
        result = run("fleet", str(path), "--by", "kernel,rack", "--ext", "2", "--processes", processes)
        assert result.exit_code == 0, result.stderr
        texts.append(result.stdout.replace(str(path), "PATH"))
        order.shuffle(rows)
    assert texts[0] == texts[-1]
    assert texts[0] == FIRST.setdefault("text", texts[0])
    assert gc.get_freeze_count() == frozen, "a process that goes on looks for its garbage"


FIRST: dict[str, str] = {}
"""What the first number of processes gave."""


# other shapes of inventories


def test_json_lines_flat_or_with_groups(run: Callable[..., Result], inventory: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(HOSTS)))
    flat = inventory.with_name("flat.jsonl")
    flat.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    nested = inventory.with_name("nested.jsonl")
    hosts: dict[str, dict[str, Any]] = {}
    for row in rows:
        about = {name: row[name] for name in ("host", "kernel", "rack")}
        about |= {"cpus": int(row["cpus"]), "nodes": int(row["nodes"]), "memory": row["host_memory"]}
        group = {"vcpus": int(row["vcpus"]), "memory": row["memory"], "nested": row["nested"] == "yes"}
        group |= {"count": int(row["count"]), "paging": None}
        hosts.setdefault(row["host"], about | {"vms": []})["vms"].append(group)
    nested.write_text("".join(json.dumps(host) + "\n\n" for host in hosts.values()), encoding="utf-8")
    wanted = document(run, inventory, "--by rack --ext 2")
    for path in (flat, nested):
        found = document(run, path, "--by rack --ext 2")
        assert found["groups"] == wanted["groups"]
        assert found["total"] == wanted["total"]
    empty = inventory.with_name("empty.jsonl")
    empty.write_text('{"host": "idle", "kernel": "6.18", "vms": []}\n', encoding="utf-8")
    assert document(run, empty)["total"]["hosts"] == 1


def test_columns_by_other_names_and_in_other_units(run: Callable[..., Result], inventory: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(HOSTS)))
    renamed = "name;release;NCPU;Nodes;ram mb;vCPUs;VM RAM;paging;nested;VMs;rack\n" + "".join(
        ";".join(
            (
                *(row[name] for name in ("host", "kernel", "cpus", "nodes")),
                "524288" if row["host_memory"] == "512GiB" else "1048576",
                row["vcpus"],
                row["memory"].removesuffix("GiB"),
                *(row[name] for name in ("paging", "nested", "count", "rack")),
            )
        )
        + "\n"
        for row in rows
    )
    options = "--column host=name --column kernel=release --column cpus=NCPU"
    options += " --column 'host-memory=ram mb:MiB' --column 'memory=VM RAM:GiB'"
    found = document_of(run, inventory, renamed, options + " --by rack,kernel")
    wanted = document(run, inventory, "--by rack,kernel")
    assert (found["total"], found["groups"]) == (wanted["total"], wanted["groups"])


def test_stdin_a_byte_order_mark_and_quoted_line_breaks() -> None:
    from click.testing import CliRunner  # noqa: PLC0415 -- the fixture gives no stdin

    from ptelist.cli import main  # noqa: PLC0415 -- likewise

    odd = "\ufeff" + HOSTS.replace("rack\n", "rack,remark\n").replace("r1\n", 'r1,"two\nlines"\n')
    odd = odd.replace("r2\n", "r2,none\n").replace("\n", "\r\n")
    for more in ([], ["--keep-going"]):
        result = CliRunner().invoke(main, ["fleet", "-", "--by", "rack", "--format", "json", *more], input=odd)
        assert result.exit_code == 0, result.stderr
        assert {each["group"]["rack"] for each in json.loads(result.stdout)["groups"]} == {"r1", "r2"}


# bad rows


BAD = [
    ("a,6.1,64,1,,4,8GiB,tdp,no,-1,r1", "count: expected a whole number up to 1,000,000"),
    ("a,6.1,64,1,,4,8GiB,tdp,no,1", "10 cells, expected 11 as in the header"),
    (",6.1,64,1,,4,8GiB,tdp,no,1,r1", "host: is missing"),
    ("z1,6.1,64,1,,,8GiB,tdp,no,1,r1", "vcpus: is missing"),
    ("z2,6.1,64,1,,x,8GiB,tdp,no,1,r1", "vcpus: expected a whole number"),
    ("z3,6.1,0,1,,4,8GiB,tdp,no,1,r1", "host.cpus: should be greater than or equal to 1"),
    ("z4,6.1,64,1,,4,8GB,tdp,no,1,r1", 'memory: "GB" is ambiguous'),
    ("z5,6.1,64,1,1048577,4,8GiB,tdp,no,1,r1", ""),
    ("z6,6.1,64,1,x,4,8GiB,tdp,no,1,r1", "host-memory: expected a size"),
    ("z8,/etc/passwd,64,1,,4,8GiB,tdp,no,1,r1", "kernel: no saved observation: /etc/passwd"),
    ("z9,running,64,1,,4,8GiB,tdp,no,1,r1", "kernel: expected a release"),
    ("z10,6.1,64,1,,4,8GiB,shadow,yes,1,r1", "nested TDP needs TDP"),
    ("z11,6.1,64,1,,4,8GiB,paravirt,no,1,r1", "vm.paging: should be"),
    ("z12,6.1,64,1,,4,8GiB,tdp,maybe,1,r1", "nested: expected on or off"),
    ('z13,"6.1"x,64,1,,4,8GiB,tdp,no,1,r1', "not valid CSV"),
    ('z14,6.1,64,1,,"4,5",8GiB,tdp,no,1,r1', "vcpus: expected one value"),
    ('"z\x7fz",6.1,64,1,,4,8GiB,tdp,no,1,r1', "host: expected text on one line"),
    ("b,6.1,128,2,1TiB,4,8GiB,tdp,no,1,r1", 'host b: kernel is "6.1" here and "6.12.117" on line 4'),
    ("b,6.12.117,128,2,1TiB,4,8GiB,shadow,no,1,r1", "tdp and tdp_mmu are the same for all VMs of a host"),
    ("b,6.12.117,128,2,2TiB,4,8GiB,tdp,no,1,r1", 'host-memory is "2TiB" here and "1TiB" on line 4'),
]


@pytest.mark.parametrize(("row", "says"), BAD)
def test_a_bad_row_is_named_by_its_line(run: Callable[..., Result], inventory: Path, row: str, says: str) -> None:
    inventory.write_text(HOSTS + row + "\n", encoding="utf-8")
    result = run("fleet", str(inventory))
    if not says:
        assert result.exit_code == 0
        return
    line = refused(result)
    assert f"{inventory}:7: " in line
    assert says in line


@pytest.mark.parametrize("first", [True, False])
def test_going_on_sets_bad_rows_aside(run: Callable[..., Result], inventory: Path, first: bool) -> None:
    """Bad rows go to a file that can be mended and fed again; hosts that contradict themselves go whole."""
    good = HOSTS.splitlines()
    bad = [row for row, says in BAD if says]
    rows = [*bad, *good[1:]] if first else [*good[1:], *bad]
    inventory.write_text("\n".join([good[0], *rows]) + "\n", encoding="utf-8")
    result = run("fleet", str(inventory), "--keep-going", "--format", "json")
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    without_b = document_of(run, inventory, "\n".join(line for line in good if not line.startswith("b,")))
    assert data["total"] == without_b["total"]
    assert data["set_aside"] == len(bad) + 1
    assert data["rows"] == len(bad) + 5
    rejects = inventory.with_name("hosts.csv.rejected").read_text(encoding="utf-8").splitlines()
    assert rejects[0] == good[0] + ',"reason"'
    aside = [row for row in rows if row in bad or row.startswith("b,")]
    assert [line.startswith(row) for line, row in zip(rejects[1:], aside, strict=True)] == [True] * len(aside)
    for (row, says), printed in zip([each for each in BAD if each[1]], rejects[1:], strict=False):
        if first and not row.startswith("b,"):
            assert says.replace('"', '""') in printed
    text = " ".join(run("fleet", str(inventory), "--keep-going").stdout.split())
    assert f"set aside: {len(bad) + 1} of {len(bad) + 5} rows, to {inventory}.rejected with what is wrong:" in text


def test_the_summary_counts_hosts_left_out_and_cut(run: Callable[..., Result], inventory: Path) -> None:
    """One host contradicts itself, one has no good row, two miss some VMs; the others are whole."""
    more = ["b,6.1,128,2,1TiB,4,8GiB,tdp,no,1,r1", "c,5.10.0,256,2,1TiB,x,16GiB,tdp,no,30,r2"]
    more += ["e,6.1,x,1,,4,8GiB,tdp,no,1,r1", "d,6.18.2,64,1,512GiB,,8GiB,tdp,no,1,r2", ",,,,,,,,,,"]
    inventory.write_text(HOSTS + "\n".join(more) + "\n", encoding="utf-8")
    text = " ".join(run("fleet", str(inventory), "--keep-going").stdout.split())
    assert "set aside: 6 of 10 rows, to " in text
    assert "2 hosts left out, 2 hosts with VMs missing" in text
    assert "3 hosts, 42 VMs" in text


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "mail", "markdown", "terminal", "html"])
def test_hosts_that_are_left_out_are_said_in_every_format(
    run: Callable[..., Result], inventory: Path, form: str
) -> None:
    """Where no note stands, on stderr, in one line."""
    inventory.write_text(HOSTS + "e,6.1,x,1,,4,8GiB,tdp,no,1,r1\nd,6.18.2,64,1,,,8GiB,tdp,no,1,r2\n", encoding="utf-8")
    result = run("fleet", str(inventory), "--keep-going", "--format", form)
    assert result.exit_code == 0
    says = f"2 of 7 rows, to {inventory}.rejected with what is wrong: 1 host left out, 1 host with VMs missing"
    if form in {"csv", "jsonl"}:
        assert result.stderr == f"{inventory}: set aside: {says}\n"
        assert "set aside" not in result.stdout
    else:
        assert result.stderr == ""
        assert says in " ".join(re.sub(r"\x1b\[[0-9;]*m|\\(?=[_])", "", result.stdout).split())
    inventory.write_text(HOSTS, encoding="utf-8")
    assert run("fleet", str(inventory), "--keep-going", "--format", form).stderr == ""


def test_a_host_that_is_explained_says_what_was_set_aside(run: Callable[..., Result], inventory: Path) -> None:
    inventory.write_text(HOSTS + "a,6.1.0-56-cloud-amd64,64,1,512GiB,x,8GiB,tdp,no,1,r1\n", encoding="utf-8")
    words = ("fleet", str(inventory), "--keep-going", "--explain", "a")
    says = f"set aside: 1 of 6 rows, to {inventory}.rejected with what is wrong: 0 hosts left out, 1 host with VMs"
    assert says in " ".join(run(*words).stdout.split())
    assert any(each.startswith(says) for each in json.loads(run(*words, "--format", "json").stdout)["assumptions"])


def test_notes_of_a_fleet_say_of_how_many_hosts_they_are(run: Callable[..., Result], inventory: Path) -> None:
    """Two hosts of Debian, three of upstream, one of a Debian without the tracking; no note counts the VMs of a row."""
    kernels = ["6.1.0-56-amd64", "6.1.0-44-amd64", "6.12.117", "6.18.2", "6.12.2", "5.10.0-46-amd64"]
    rows = [f"h{n},{kernel},64,4,8GiB,{n}" for n, kernel in enumerate(kernels, 1)]
    inventory.write_text("host,kernel,cpus,vcpus,memory,count\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = " ".join(run("fleet", str(inventory)).stdout.split())
    config = text.partition(" config: ")[2].partition(" host: ")[0]
    assert config.split("; ")[0] == "3 hosts have upstream"
    assert sorted(each.split(" debian-amd64")[0] for each in config.split("; ")[1:]) == ["1 host has", "2 hosts have"]
    assert "vm: VMs of 4 vCPUs, 8 GiB of 2M leaves" in text
    assert "1 VM of" not in text


ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(["6.1", "6.1", "5.10", "9.9"]),
        st.sampled_from(["64", "64", "64", "128", "0", "x"]),
        st.sampled_from(["1", "4", "", "70000"]),
        st.sampled_from(["tdp", "tdp", "shadow", "tdp-mmu"]),
        st.sampled_from(["no", "no", "yes"]),
        st.sampled_from(["0", "1", "2", "-1"]),
        st.sampled_from(["r1", "r1", "r2"]),
    ),
    min_size=1,
    max_size=12,
)


WHAT_IFS = ({"ext": "5"}, {"kernel": "7.3"}, {"nested": "on"}, {"paging": "shadow"}, {"proposal": "small-caches-v4"})


@examples(40)
@given(fleets(), st.sampled_from(WHAT_IFS))
def test_usual_figures_are_those_of_whole_ledgers(hosts: list[list[Row]], what_if: dict[str, str]) -> None:
    """Of a change, less is open: what stays as it is cancels VM by VM."""
    fleet, census = read(text([row for host in hosts for row in host]), **what_if)
    names = sorted(USUAL)
    usual, whole = HostValues(fleet, names), HostValues(fleet, [*names, "memslots.bytes"])
    for kind in census.hosts:
        values, failed = usual.of(kind)
        whole_values, whole_failed = whole.of(kind)
        assert failed == whole_failed
        half, whole_half = len(values) // 2, len(whole_values) // 2
        assert values[:half] == whole_values[: whole_half - ENDS]
        changed, whole_changed = values[half:], whole_values[whole_half:-ENDS]
        for n in range(0, half, ENDS):
            assert changed[n : n + 2] == whole_changed[n : n + 2]
            assert whole_changed[n + 2] <= changed[n + 2] <= changed[n + 3] <= whole_changed[n + 3]


@pytest.mark.parametrize("figures", [["mmu.bytes.total"], ["memslots.bytes"]])
def test_vms_that_a_what_if_would_part_are_told(figures: list[str]) -> None:
    """tdp_mmu is a parameter of a module, which all VMs of a host share: by default 6.1 has it and 5.10 has not."""
    rows = [{"host": "a", "kernel": "6.1", "vcpus": 1, "paging": paging} for paging in ("tdp", "tdp-mmu", "tdp")]
    rows += [{"host": "b", "kernel": "6.1", "vcpus": 1, "paging": "tdp"}]
    fleet, census = read(text(rows), kernel="5.10,6.6")
    values = HostValues(fleet, figures)
    (both, failed), (_, none) = map(values.of, census.hosts)
    ((number, why),) = failed
    text_ = 'vm.paging: "tdp-mmu" beside "tdp": tdp and tdp_mmu are the same for all VMs of a host'
    assert (number, why.text) == (1, text_)
    assert both[:ENDS] == both[ENDS : 2 * ENDS]
    assert not none


@examples(25)
@given(fleets(), st.sampled_from(WHAT_IFS))
def test_what_is_repeated_on_integers_is_what_terms_give(hosts: list[list[Row]], what_if: dict[str, str]) -> None:
    """Once of each kind of host with its terms, once and again as recorded of another, or of itself."""
    names = tuple(sorted(USUAL))
    inventory = text([row for host in hosts for row in host])

    def found(worth: int) -> list[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ptelist.fleet.usual.WORTH", worth)
            fleet, census = read(inventory, **what_if)
            usual = Usual(fleet, names)
            return [usual.values(kind) for _ in range(2) for kind in census.hosts if kind.groups]

    assert found(worth=1) == found(worth=1 << 20)


@examples(40)
@given(fleets(), st.sampled_from(WHAT_IFS))
def test_what_is_assumed_is_said_of_every_vm_on_every_host(hosts: list[list[Row]], what_if: dict[str, str]) -> None:
    """Though it is looked for but once for each host, and once for each VM."""
    inventory = text([row for host in hosts for row in host])
    notes = read(inventory, **what_if)[0].notes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fleet, "_told", property(lambda _: set(), lambda *_: None), raising=False)
        assert read(inventory, **what_if)[0].notes() == notes


@examples(60)
@given(ROWS, st.randoms(use_true_random=False))
def test_what_is_set_aside_does_not_depend_on_the_order(rows: list[tuple[str, ...]], order: random.Random) -> None:
    found = []
    for _ in range(2):
        head = ("host", "kernel", "cpus", "vcpus", "paging", "nested", "count", "rack")
        lines = [",".join(row).encode() + b"\n" for row in (head, *rows)]
        inventory = Inventory(io.BytesIO(b"".join(lines)), "x", {}, ("rack",))
        fleet = Fleet((inventory.host_fields, inventory.vm_fields), inventory.choices, {}, [("ext", "2")])
        census = Reader(inventory, fleet, keep_going=True).census(id)
        part = add_up(fleet, jobs(census), SUMMED, 1, id) if census.hosts else None
        aside = sorted(rows[place.line - 2] for place in census.rejects)
        counts = census.rows, census.hosts_left_out, census.hosts_cut
        names = sorted(sorted(names) for names in census.hosts.values())
        found.append((names, census.groups, counts, part and part[:2], aside, fleet.notes()))
        order.shuffle(rows)
    assert found[0] == found[1]


def test_how_many_vms_a_row_can_stand_for(run: Callable[..., Result], inventory: Path) -> None:
    assert document_of(run, inventory, "host,vcpus,count\na,1,1000000\n")["total"]["vms"] == 1_000_000
    assert document_of(run, inventory, "host,vcpus,count\na,1,\nb,,0\n")["total"]["vms"] == 1
    for bad in ("1000001", "0" * 8, "+1", "\u0663"):
        inventory.write_text(f"host,vcpus,count\na,1,{bad}\n", encoding="utf-8")
        assert "count: expected a whole number up to 1,000,000" in refused(run("fleet", str(inventory)))


def test_progress_is_told_in_bytes_and_in_kinds_of_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"host": f"h{n}", "kernel": "6.1", "vcpus": 1 + n % 900, "count": 1 + n % 7} for n in range(9000)]
    data = text(rows).encode()
    monkeypatch.setattr("ptelist.fleet.records.BLOCK", 10_000)
    inventory = Inventory(io.BytesIO(data), "x", {}, ())
    fleet = Fleet((inventory.host_fields, inventory.vm_fields), inventory.choices, {}, [])
    told: list[int] = []
    census = Reader(inventory, fleet, keep_going=False).census(told.append)
    assert told == [*range(20_000, len(data), 10_000), len(data), len(data)]
    told.clear()
    kinds = jobs(census)
    add_up(fleet, kinds, SUMMED, 1, told.append)
    assert told == [*range(CHUNK, len(kinds), CHUNK), len(kinds)]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_cannot_be_applied_is_counted_over_all_parts(processes: int) -> None:
    rows = [{"host": f"h{n}", "kernel": ("5.10", "6.1", "5.14")[n % 3], "vcpus": 1 + n} for n in range(2 * CHUNK)]
    inventory = Inventory(io.BytesIO(text(rows).encode()), "x", {}, ())
    options = [("proposal", "shrink-tdp,topup-iff-rmaps")]
    fleet = Fleet((inventory.host_fields, inventory.vm_fields), inventory.choices, {}, options)
    census = Reader(inventory, fleet, keep_going=False).census(id)
    part = add_up(fleet, jobs(census), SUMMED, processes, id)
    old = {series: sum(row["kernel"] == series for row in rows) for series in ("5.10", "5.14")}
    counted: dict[tuple[int, str], int] = {}
    for (number, reason), hosts in part.unchanged.items():
        (series,) = (name for name in old if name in reason.text)
        counted[number, series] = hosts
    assert counted == {(1, series): hosts for series, hosts in old.items()}


@pytest.mark.parametrize(("parts", "forks"), [(1, 0), (2, 2), (3, 3)])
def test_no_more_processes_than_there_are_parts(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int, forks: int
) -> None:
    """Two parts were given to as many processes as there are CPUs, or as were asked for."""
    made = []
    real = os.fork

    def fork() -> int:
        made.append(1)
        return real()

    monkeypatch.setattr(os, "fork", fork)
    path = tmp_path / "hosts.csv"
    rows = [f"h{number},{number}\n" for number in range(1, parts * CHUNK + 1)]
    path.write_text("host,vcpus\n" + "".join(rows), encoding="ascii")
    assert run("fleet", str(path), "--processes", "8").exit_code == 0
    assert len(made) == forks


def test_columns_by_other_names_of_objects(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.json"
    path.write_text(
        '  {"Node": "a", "cpu_count": 8, "vCPUs": 2, "note": "x"}\n{"Node": "b", "vcpus": 1, "more": 1}\n',
        encoding="utf-8",
    )
    data = document(run, path, "--column host=Node --column cpus=cpu_count --by Node")
    assert [each["group"]["Node"] for each in data["groups"]] == ["a", "b"]
    told = " ".join(run("fleet", str(path), "--column", "host=Node").stdout.split())
    assert "not used: more, note in" in told
    assert "columns: taken by their names for --column cpus=cpu_count" in told


def test_what_was_set_aside_can_be_mended_and_fed_again(run: Callable[..., Result], inventory: Path) -> None:
    inventory.write_text(HOSTS.replace("d,6.18.2,64", "d,6.18.2,sixty-four"), encoding="utf-8")
    aside = inventory.with_name("bad.csv")
    partly = document(run, inventory, f"--keep-going --rejects {aside}")
    assert (partly["total"]["hosts"], partly["set_aside"]) == (3, 1)
    fifo = inventory.with_name("fifo")
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_text(inventory.read_text(encoding="utf-8"), encoding="utf-8"))
    writer.start()
    assert document(run, fifo, "--keep-going")["total"] == partly["total"]
    writer.join()
    assert fifo.with_name("fifo.rejected").read_text(encoding="utf-8") == aside.read_text(encoding="utf-8")
    aside.write_text(aside.read_text(encoding="utf-8").replace("sixty-four", "64"), encoding="utf-8")
    assert document(run, aside)["total"]["hosts"] == 1
    aside.write_text(aside.read_text(encoding="utf-8").replace("d,6.18.2,64", "d,6.18.2,sixty-four"), encoding="utf-8")
    document(run, aside, "--keep-going")
    assert (
        aside.with_name("bad.csv.rejected")
        .read_text(encoding="utf-8")
        .startswith(HOSTS.splitlines()[0] + ',"reason","reason 2"\n')
    )
    inventory.write_text(HOSTS, encoding="utf-8")
    clean = inventory.with_name("clean.rejected")
    assert document(run, inventory, f"--keep-going --rejects {clean}")["set_aside"] == 0
    assert not clean.exists()


def test_bad_objects_are_set_aside_with_their_bad_groups_only(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.jsonl"
    good, bad = {"vcpus": 4}, {"vcpus": 1.5}
    lines = [
        json.dumps({"host": "a", "kernel": "6.18", "vms": [good, bad, good]}),
        "not json",
        '["a list"]',
        json.dumps({"host": "b", "kernel": "6.18", "vms": [good, 1]}),
        json.dumps({"host": "c", "vcpus": 2}),
        "[" * 100_000,
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    data = document(run, path, "--keep-going")
    assert (data["total"]["hosts"], data["total"]["vms"], data["set_aside"]) == (2, 3, 5)
    rejects = [
        json.loads(line) for line in path.with_name("hosts.jsonl.rejected").read_text(encoding="utf-8").splitlines()
    ]
    assert rejects[0]["vms"] == [bad]
    assert "vcpus: expected text or a whole number" in rejects[0]["reason"]
    assert rejects[1]["row"] == "not json"
    assert rejects[2]["reason"] == "expected an object"
    assert rejects[3]["reason"] == "vms: expected objects"
    assert rejects[3]["vms"] == [good, 1], "whole, for none of it was counted"
    assert "nested too deeply" in rejects[4]["reason"] or "not valid JSON" in rejects[4]["reason"]
    for number, says in ((2, "not valid JSON"), (3, "expected an object")):
        path.write_text("\n".join([*['{"host": "c", "vcpus": 2}'] * (number - 1), lines[number - 1]]), encoding="utf-8")
        assert f"{path}:{number}: " in (line := refused(run("fleet", str(path))))
        assert says in line


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("", "", "1: no column host"),
        ("kernel,vcpus\n", "", ":1: no column host"),
        ("host,vcpuz\n", "", "no column vcpus; did you mean vcpuz"),
        (
            "Box,VCPUs,Rack\n",
            "",
            "no column host; these columns mean nothing here: Box, Rack: --column host=",
        ),
        ("Box,VCPUs,Rack\n", "--by rack", "no column host; these columns mean nothing here: Box: --column host=NAME"),
        ("host,vcpus\na,1\n", "--proposal shrink-tdp --assume kernel=5.10", "ptelist: --proposal: shrink-tdp changes"),
        ("host,vcpus,vcpus\n", "", 'column "vcpus" is there twice'),
        ("host,vcpus\n", "--column cpus", "expected FIELD=COLUMN, as in cpus=ncpu or memory=ram_mb:MiB, got"),
        ("host,vcpus\n", "--column cpus=", "--column: expected FIELD=COLUMN"),
        ("host,vcpus,b a\n", "--by 'b_a' --column memory=m", '--column: {} has no column "m"'),
        ("host,vcpus\n", "--column cpu=x", "--column: unknown field cpu; did you mean cpus"),
        ("host,vcpus\n", "--column cpus=ncpu", 'has no column "ncpu"'),
        ("host,vcpus\n", "--by rack", '--by: {} has no column "rack"'),
        ("host,vcpus\n", "--assume memcg", "--assume: expected OPTION=VALUE"),
        ("host,vcpus\n", "--assume nodes=1,2", "--assume: nodes has 2 values, expected one"),
        ("host,vcpus\n", "--assume nodes=x", "--nodes: expected a whole number"),
        ("host,vcpus\n", "--vms 2", "--vms: how many VMs there are is what the inventory says"),
        ("host,vcpus\n", "--figure pte_list_desc.size", "is the same for each object, hosts have no sum of it"),
        ("host,vcpus\n", "--figure pte_list_desc.bytes.slap", "did you mean pte_list_desc.bytes.slab"),
        ("host,vcpus\na,1\n", "--explain b", '--explain: no host "b" with VMs'),
        ("host,vcpus\na,1\n", "--explain a --ext 2 --figure nonsense", 'no figure "nonsense"'),
        ("host,vcpus\na,1\n", "--explain a --figure mmu.bytes.total --figure memslots.bytes", "one figure at a time"),
        ('host,"vc"pus\n', "", ":1: not valid CSV"),
        ("host,vcpus\na,1\n", "--ext 1", "--ext: should be greater than or equal to 2"),
        ("host,vcpus\na,1\n", "--proposal shrink-tdp --assume kernel=5.10", "changes what kernel 5.10 does not have"),
        ("host,vcpus\na," + "1" * 2_000_000 + "\n", "", ":2: a line of more than 1 MiB is no row"),
    ],
)
def test_bad_input_gets_one_line(
    run: Callable[..., Result], inventory: Path, content: str, line: str, says: str
) -> None:
    inventory.write_text(content, encoding="utf-8")
    assert says.format(inventory) in refused(run("fleet", str(inventory), *shlex.split(line)))


def test_bytes_that_are_no_text(run: Callable[..., Result], inventory: Path) -> None:
    inventory.write_bytes(b"host,vcpus\na,1\nb,\xff\n")
    assert f"{inventory}:3: not UTF-8 text" in refused(run("fleet", str(inventory)))
    assert "is a directory, expected CSV or JSON lines" in refused(run("fleet", str(inventory.parent)))
    assert "cannot be read" in refused(run("fleet", "nowhere.csv"))


# pages


def test_explaining_a_host_is_the_tree_of_its_figure(run: Callable[..., Result], inventory: Path) -> None:
    text = run("fleet", str(inventory), "--explain", "a", "--ext", "2").stdout
    assert text.startswith("pte_list_desc.bytes.total is 117,760 bytes (115.0 KiB), ")
    assert "\n\npte_list_desc.bytes.total = 117,760 bytes\n" in text
    squeezed = " ".join(text.replace("|", " ").split())
    for wanted in (
        "= ceil(2,880 / 128)",
        "= vms x vcpus x cache_capacity = 2 x 16 x 40",
        "= group + group = 1,280 + 1,600",
    ):
        assert wanted in squeezed
    tree = json.loads(run("fleet", str(inventory), "--explain", "a", "--format", "json").stdout)
    assert (tree["figure"]["name"], tree["figure"]["low"]) == (WHOLE, 391_680)


@pytest.mark.parametrize("width", [40, 60, 72, 200])
@pytest.mark.parametrize("line", ["", "--ext 2", "--ext 2,4,8 --by rack", "--by kernel --proposal shrink-tdp"])
def test_tables_fit_and_have_every_number(run: Callable[..., Result], inventory: Path, line: str, width: int) -> None:
    text = run("fleet", str(inventory), *shlex.split(line), columns=width).stdout
    tables = min((text.partition(f"\n{note}")[0] for note in ("unchanged", "not used", "host memory")), key=len)
    rows = [each for each in tables.splitlines() if "  " in each]
    assert max(map(len, rows)) <= max(width, 56)
    data = document(run, inventory, line)
    for group in (data["total"], *data["groups"]):
        for number in range(len(group["what_ifs"])):
            for end in figure(group, number):
                assert f"{end:,}" in text


def test_a_long_name_of_a_what_if_is_no_wider_than_a_mail(run: Callable[..., Result], inventory: Path) -> None:
    """Found by the fuzzer: a value of several words stood on one line."""
    slots = 'vm.slots=[{ name = "APIC access page", base = 4276092928, size = 4096, made_by = "apic-access" }]'
    told, *_ = run("fleet", str(inventory), "--set", slots).stdout.partition("\nnot used")
    assert max(map(len, told.splitlines())) <= MAIL_WIDTH
    assert slots in " ".join(told.partition("mmu.bytes.total\n")[2].split()), "all of it is there"


def test_csv_has_every_group_what_if_and_figure(run: Callable[..., Result], inventory: Path) -> None:
    line = ["--by", "rack", "--ext", "2", "--figure", WHOLE, "--figure", "memslots.bytes"]
    rows = list(csv.DictReader(io.StringIO(run("fleet", str(inventory), *line, "--format", "csv").stdout)))
    assert [(row["rack"], row["what_if"], row["figure"]) for row in rows] == [
        (rack, what_if, name)
        for rack in ("r1", "r2")
        for what_if in ("as it is", "ext=2")
        for name in (WHOLE, "memslots.bytes")
    ]
    data = document(run, inventory, shlex.join(line))
    for row, group in zip(rows[2::4], data["groups"], strict=True):
        assert tuple(int(row[name]) for name in ("low", "high", "change_low", "change_high")) == (
            *figure(group, 1)[:2],
            *(group["what_ifs"][1]["figures"][WHOLE]["change"][end] for end in ("low", "high")),
        )
    whole_fleet = list(csv.DictReader(io.StringIO(run("fleet", str(inventory), "--format", "csv").stdout)))
    assert len(whole_fleet) == len(SUMMED)


def test_no_hosts_take_nothing(run: Callable[..., Result], inventory: Path) -> None:
    data = document_of(run, inventory, "host,vcpus\n", "--ext 2 --by kernel --assume kernel=6.1 --column kernel=host")
    assert (data["total"]["hosts"], data["groups"]) == (0, [])
    assert figure(data["total"], 1) == (0, 0, 0, 0)
    assert run("fleet", str(inventory.with_name("other.csv"))).exit_code == 0


def test_a_process_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"host": f"h{n}", "kernel": "6.1", "vcpus": 1 + n, "count": 1} for n in range(CHUNK + 1)]
    fleet, census, _ = taken(text(rows))
    parent = os.getpid()
    real = Usual.values

    def values(self: Usual, kind: Any) -> Any:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, kind)

    monkeypatch.setattr(Usual, "values", values)
    with pytest.raises(PtelistError, match=r"a process was killed.*--processes 1"):
        add_up(fleet, jobs(census), SUMMED, 2, id)


def test_more_kinds_of_vms_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"host": f"h{n % 7}", "kernel": "6.1", "cpus": 1 + n % 7, "vcpus": 1 + n, "count": 1} for n in range(60)]
    plain = taken(text(rows), ext="2")[2]
    monkeypatch.setattr("ptelist.fleet.fleet.MOST_SCENARIOS", 5)
    for name in ("groups.MOST_KNOWN", "inventory.MOST_SAID", "usual.MOST_ROWS", "usual.MOST_PROGRAMS"):
        monkeypatch.setattr(f"ptelist.fleet.{name}", 5)
    assert taken(text(rows), ext="2")[2][:2] == plain[:2]


def test_a_column_is_found_by_its_own_name_before_one_that_is_spelt_alike() -> None:
    """`Rack` and `rack` are two columns; what is asked for as it is written is that one."""
    rows = "host,vcpus,Rack,rack\na,1,up,down\n"
    for name, group in (("Rack", "up"), ("rack", "down")):
        _, census = read(rows, (name,))
        assert list(census.groups) == [(group,)]


def test_mappings_and_assumptions() -> None:
    texts = ["cpus=n", "memory=ram:MiB", "host=a:b", "vcpus=a=b", "l2-memory=x:y:GiB"]
    assert {name: tuple(column) for name, column in mapped(texts).items()} == {
        "vcpus": ("a=b", ""),
        "l2-memory": ("x:y", "GiB"),
        "cpus": ("n", ""),
        "memory": ("ram", "MiB"),
        "host": ("a:b", ""),
    }
    assert {name: choice.value for name, choice in assumed(["memcg=off", "kernel=6.1"]).items()} == {
        "memcg": False,
        "kernel": "6.1",
    }


def test_what_vms_hold_is_kept_apart_for_hosts_that_are_not_alike(run: Callable[..., Result], tmp_path: Path) -> None:
    """Up to 6.5 a VM has SRCU data for each possible CPU: a host's total is the same whatever host was read before."""
    totals = {}
    for name, hosts in (("both", (64, 256)), ("small", (64,)), ("large", (256,))):
        file = tmp_path / f"{name}.csv"
        rows = [f"h{cpus},6.1,{cpus},4,4GiB" for cpus in hosts]
        file.write_text("\n".join(["host,kernel,cpus,vcpus,memory", *rows, ""]), encoding="utf-8")
        text = run("fleet", str(file), "--figure", "mmu.bytes.total", "--format", "csv").stdout
        (row,) = csv.DictReader(io.StringIO(text))
        totals[name] = int(row["low"]), int(row["high"])
    assert totals["both"] == tuple(map(sum, zip(totals["small"], totals["large"], strict=True)))
    assert totals["small"] < totals["large"]


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("host,vcpus,peak_vms\na,1,3\n", (), "peak_vms: hosts of a fleet have no past"),
        ('{"host": "a", "vcpus": 1, "peak-vms": 3}\n', (), "peak-vms: hosts of a fleet have no past"),
        ("host,vcpus\na,1\n", ("--peak-vms", "3"), "--peak-vms: hosts of a fleet have no past"),
        ("host,vcpus\na,1\n", ("--figure", "pte_list_desc.slabs.typical"), "is simulated for one host"),
    ],
)
def test_the_past_of_a_host_is_refused(
    text: str, options: tuple[str, ...], says: str, run: Callable[..., Result], tmp_path: Path
) -> None:
    """Nothing would follow it: a bound that holds for any past is no answer to one."""
    path = tmp_path / "hosts"
    path.write_text(text, encoding="utf-8")
    result = run("fleet", str(path), *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("host,vcpus,filling\na,1,aged\n", (), True),
        ("host,vcpus\na,1\n", ("--filling", "packed,aged"), True),
        ("host,vcpus\na,1\n", ("--assume", "filling=aged"), True),
        ("host,vcpus,filling\na,1,spread\n", ("--filling", "packed"), False),
    ],
)
def test_bounds_of_aged_hosts_are_told_to_be_for_any_past(
    text: str, options: tuple[str, ...], told: bool, run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(text, encoding="utf-8")
    result = run("fleet", str(path), *options)
    assert result.exit_code == 0, result.output
    assert ("past: an inventory says of no host how many VMs it once had" in result.stdout) is told


def test_columns_are_known_by_common_names_and_said(run: Callable[..., Result], inventory: Path) -> None:
    common = "hostname,kernel_release,NCPU,numa_nodes,memtotal_gb,num_vcpus,ram_mb,vm_count\n"
    plain = "host,kernel,cpus,nodes,host_memory,vcpus,memory,count\n"
    wanted = document_of(run, inventory, f"{plain}a,6.18,64,2,512GiB,4,8GiB,3\nb,6.1,32,1,64GiB,8,16GiB,1\n")
    rows = "a,6.18,64,2,512,4,8192,3\nb,6.1,32,1,64,8,16384,1\n"
    found = document_of(run, inventory, common + rows)
    assert found["total"] == wanted["total"]
    guesses = "host=hostname, kernel=kernel_release, cpus=NCPU, nodes=numa_nodes, host-memory=memtotal_gb:GiB"
    text = f"columns: taken by their names for --column {guesses}, vcpus=num_vcpus, memory=ram_mb:MiB, count=vm_count"
    assert text in found["assumptions"]
    names = common.strip().split(",")
    objects = [dict(zip(names, row.split(","), strict=True)) for row in rows.splitlines()]
    lines = "".join(json.dumps(each) + "\n" for each in objects)
    assert document_of(run, inventory, lines)["total"] == wanted["total"]
    nested = [{name: each.pop(name) for name in names[5:]} for each in objects]
    lines = "".join(json.dumps(each | {"vms": [vm]}) + "\n" for each, vm in zip(objects, nested, strict=True))
    assert document_of(run, inventory, lines)["total"] == wanted["total"]


def test_a_column_that_is_said_or_has_the_fields_own_name_is_not_guessed(
    run: Callable[..., Result], inventory: Path
) -> None:
    row = "host,ncpu,cpu_count,cpus,vcpus,ram_mb\na,1,2,64,4,8192\n"
    text = document_of(run, inventory, row)["assumptions"]
    assert "columns: taken by their names for --column memory=ram_mb:MiB" in text
    assert f"not used: cpu_count, ncpu in {inventory.with_name('other.csv')}" in text
    said = document_of(run, inventory, row.replace("cpus,vcpus", "nix,vcpus"), "--column cpus=cpu_count")
    assert f"not used: ncpu, nix in {inventory.with_name('other.csv')}" in said["assumptions"]


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("host,mem_gib,vm_mem_gib", "host-memory=mem_gib:GiB, memory=vm_mem_gib:GiB"),
        ("host,ram_gb,vm_ram_mb,host_mem_gb", "host-memory=host_mem_gb:GiB, memory=vm_ram_mb:MiB"),
        ("host,ram_gb", "memory=ram_gb:GiB"),
        ("host,ncpu,host_cpus", "cpus=host_cpus"),
        ("host,Total Memory (GB),VM RAM (MB)", "host-memory=Total Memory (GB):GiB, memory=VM RAM (MB):MiB"),
        ("host,host_memory_gb,RAM per VM (GiB)", "host-memory=host_memory_gb:GiB, memory=RAM per VM (GiB):GiB"),
        ("host,Host Memory [TB],memory_per_vm(MiB)", "host-memory=Host Memory [TB]:TiB, memory=memory_per_vm(MiB):MiB"),
    ],
)
def test_a_column_that_says_whose_it_is_comes_first(
    run: Callable[..., Result], inventory: Path, head: str, wanted: str
) -> None:
    """Of a host that has columns of its VMs' memory, plain memory is its own."""
    row = f"{head},vcpus\na{',8' * (1 + head.count(','))}\n"
    assert f"columns: taken by their names for --column {wanted}" in document_of(run, inventory, row)["assumptions"]


def test_names_of_spreadsheets_are_common_ones(run: Callable[..., Result], inventory: Path) -> None:
    wanted = document_of(run, inventory, "host,host_memory,memory,vcpus\na,512GiB,8GiB,4\nb,1TiB,16GiB,2\n")
    rows = "Server Name,Total Memory (GB),VM RAM (GB),vcpus_per_vm\na,512,8,4\nb,1024,16,2\n"
    found = document_of(run, inventory, rows)
    assert found["total"] == wanted["total"]
    guesses = "host=Server Name, host-memory=Total Memory (GB):GiB, vcpus=vcpus_per_vm, memory=VM RAM (GB):GiB"
    assert f"columns: taken by their names for --column {guesses}" in found["assumptions"]


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (
            "host,vm_ram_gb,VM RAM (GB)",
            "memory may be column vm_ram_gb or VM RAM (GB): {0}=vm_ram_gb:GiB or {0}=VM RAM (GB):GiB decides",
        ),
        (
            "host,vm_ram_mb,vm_mem_gib",
            "memory may be column vm_ram_mb or vm_mem_gib: {0}=vm_ram_mb:MiB or {0}=vm_mem_gib:GiB decides",
        ),
        (
            "host,memory,VM RAM",
            "memory may be column memory or VM RAM: {0}=memory or {0}=VM RAM decides",
        ),
        ("host,ncpu,nproc", "cpus may be column ncpu or nproc: {0}=ncpu or {0}=nproc decides"),
        (
            "host,ram_gb,memtotal_kb,vm_mem_gb",
            "host-memory may be column memtotal_kb or ram_gb: {0}=memtotal_kb:KiB or {0}=ram_gb:GiB decides",
        ),
    ],
)
def test_two_columns_that_may_be_one_field_are_refused(
    run: Callable[..., Result], tmp_path: Path, head: str, says: str
) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(f"{head},vcpus\na{',8GiB' * head.count(',')},8\n", encoding="utf-8")
    told = says.format(f"--column {says.partition(' ')[0]}")
    assert f"{path}:1: {told}\n" in refused(run("fleet", str(path)))


def test_what_decides_between_columns(run: Callable[..., Result], inventory: Path) -> None:
    rows = "host,vcpus,vm_ram_mb,vm_mem_gib\na,4,8192,8\n"
    columns = ("memory=vm_ram_mb:MiB", "memory=vm_mem_gib:GiB")
    first, second = (document_of(run, inventory, rows, f"--column {column}") for column in columns)
    assert first["total"] == second["total"]


@pytest.mark.parametrize("column", ["memory", "host_memory"])
def test_memory_without_a_unit_is_no_handful_of_bytes(run: Callable[..., Result], inventory: Path, column: str) -> None:
    """As --memory 64 is refused; a unit in the cell or for the column says what it is."""
    inventory.write_text(f"host,vcpus,{column}\na,4,524288\n", encoding="utf-8")
    field = column.replace("_", "-")
    says = "524288 without a unit is 524,288 bytes: write 524288MiB or 524288GiB"
    text = refused(run("fleet", str(inventory)))
    assert f"{inventory}:2: {field}: {says}, or --column {field}={column}:MiB\n" in text
    wanted = document_of(run, inventory, f"host,vcpus,{column}\na,4,512GiB\n")["total"]
    inventory.write_text(f"host,vcpus,{column}\na,4,524288\n", encoding="utf-8")
    told = run("fleet", str(inventory), "--column", f"{field}={column}:MiB", "--format", "json")
    assert json.loads(told.stdout)["total"] == wanted


def test_vcpus_that_no_column_says_can_be_assumed(run: Callable[..., Result], inventory: Path) -> None:
    head = "hostname,kernel_release,ncpu,ram_mb,vm_count"
    inventory.write_text(f"{head}\na,6.18,64,8192,4\n", encoding="utf-8")
    assert refused(run("fleet", str(inventory))) == (
        f"ptelist: {inventory}:1: no column vcpus: --column vcpus=NAME names the vCPUs of each VM,"
        " --assume vcpus=N says them of all rows\n"
    )
    wanted = document_of(run, inventory, f"{head},vcpus\na,6.18,64,8192,4,9\n")["total"]
    found = document_of(run, inventory, f"{head}\na,6.18,64,8192,4\n", "--assume vcpus=9")
    assert found["total"] == wanted
    rows = f"{head},vcpus\na,6.18,64,8192,3,9\na,6.18,64,8192,1,\n"
    some = document_of(run, inventory, rows, "--assume vcpus=9")
    assert some["total"] == wanted
    assert "empty cells: ASSUMED vcpus=9 of 1 of 4 VMs" in some["assumptions"]
