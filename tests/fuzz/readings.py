"""Commands that read machines, kernels and VMs: observe, inspect, rmaps, replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import atoms, builds, mutate, seeds, words
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from fuzz.draft import Draft


def observe(draft: Draft) -> list[str]:
    chance = draft.chance
    kernel = chance.choice(shipped.names("kernels"))
    if chance.random() < 0.03:
        made = []
    elif chance.random() < 0.75:
        made = [draft.given(seeds.observation(chance), ".txt"), *words.often(draft, 0.3, "--kernel", kernel)]
    else:
        made = ["--slabinfo", draft.given(seeds.slabinfo(chance))]
        made += ["--sysfs", _sysfs(draft)] if chance.random() < 0.6 else words.often(draft, 0.1, "--rmaps-stat")
        made += words.often(draft, 0.7, "--kernel", kernel)
        made += words.often(
            draft, 0.5, *chance.choice((("--host", "single-cpu"), ("--cpus", "64"), ("--host", "laptop")))
        )
    made += words.often(draft, 0.3, "--all-caches") + words.often(draft, 0.15, "--save", draft.output(".txt"))
    return made + words.scenario(draft, 1) + words.output(draft, words.TABLES)


def _sysfs(draft: Draft) -> str:
    """Return a copy of /sys/kernel/slab, with links in it that go where they should not at times."""
    chance, fake, root = draft.chance, seeds.machine(draft.chance), "slab"
    below = f"{seeds.paths.SLABS}/"
    for path, text in fake.files.items():
        if path.startswith(below):
            draft.files[f"{root}/{path.removeprefix(below)}"] = mutate.encoded(text)
    targets = ("/dev/zero", "/etc/passwd", ".", "..", "nothing", "pte_list_desc", "../../../../proc/cmdline")
    for path in fake.links:
        target = chance.choice(targets) if chance.random() < 0.2 else ":A-0000128"
        name = f"{root}/{path.removeprefix(below)}"
        draft.files = {other: data for other, data in draft.files.items() if not other.startswith(f"{name}/")}
        draft.links[name] = target
    if chance.random() < 0.2:
        place = chance.choice([name for name in draft.files if name.startswith(f"{root}/")])
        del draft.files[place]
        draft.links[place] = chance.choice(targets)
    return root if chance.random() < 0.95 else atoms.text(chance)


def patch(draft: Draft) -> list[str]:
    """Two builds, and mails between them that are as odd; no tree, which is built by programs of others."""
    chance = draft.chance
    made = ["--before", draft.given(builds.build(chance), "", mutate.image)]
    if chance.random() < 0.95:
        made += ["--after", draft.given(builds.build(chance), "", mutate.image)]
    if chance.random() < 0.5:
        made.append(draft.given(_mails(draft).encode("utf-8", "surrogateescape"), ".mbox"))
    if chance.random() < 0.2:
        made += ["--fleet", draft.given(b"host,vcpus,kernel\na,4,6.1\nb,8,5.14.0-1.el9\n", ".csv")]
    made += words.often(draft, 0.7, "--kernel", chance.choice(shipped.names("kernels")))
    return made + words.scenario(draft, 1) + words.output(draft, words.TABLES)


def _mails(draft: Draft) -> str:
    """Return a series, numbered or not, whose heads and bodies may hold anything."""
    chance = draft.chance
    count = chance.choice((1, 1, 2, 3))
    mails = []
    for number in range(1, count + 1):
        tag = chance.choice((f"[PATCH {number}/{count}]", "[PATCH]", f"[PATCH v{number} 1/1]", "Re: [PATCH]"))
        message = chance.choice(("20220624232735.3090056-4-seanjc@google.com", atoms.text(chance)))
        head = f"Subject: {tag} {atoms.text(chance)}\nMessage-Id: <{message}>\nLink: https://x.org/{message}"
        mails.append(f"From 0 Mon Sep 17 00:00:00 2001\n{head}\n\n{atoms.text(chance)}\ndiff --git a/x b/x\n")
    return "\n".join(mails)


def inspect(draft: Draft) -> list[str]:
    chance = draft.chance
    count = chance.choice((1, 1, 1, 2, 2, 3))
    made = [draft.given(builds.build(chance), "", mutate.image) for _ in range(count)]
    if chance.random() < 0.1:
        made = ["+".join(made)]
    struct = chance.choice(("pte_list_desc", "kvm_mmu_page", "u64", atoms.text(chance)))
    if chance.random() < (0.7 if count == 2 else 0.03):
        made += ["--diff", *words.scenario(draft, 1)]
    elif chance.random() < (0.4 if count == 1 else 0.03):
        made.append("--as-preset")
    else:
        made += words.often(draft, 0.2, "--struct", struct)
    made += words.often(draft, 0.3, "--kernel", chance.choice(shipped.names("kernels")))
    return made + words.output(draft, words.TABLES)


def histogram(draft: Draft) -> str:
    """Return a histogram: alone, with counters beside it, or in an observation."""
    chance = draft.chance
    how = chance.random()
    if how < 0.6:
        return draft.given(seeds.histogram(chance))
    if how < 0.8:
        return draft.given(seeds.observation(chance), ".txt")
    name = "vm/mmu_rmaps_stat"
    draft.files[name] = mutate.maybe(chance, seeds.histogram(chance), mutate.text)
    for counter in ("pages_4k", "pages_2m", "pages_1g", "max_mmu_rmap_size"):
        draft.files[f"vm/{counter}"] = mutate.encoded(
            chance.choice(("70000", "227", "32", "999", atoms.number(chance))) + "\n"
        )
    return name


def counters(draft: Draft) -> list[str]:
    """Return counters of a VM, which agree with a histogram at times."""
    chance, made = draft.chance, []
    for counter in atoms.some(chance, ("pages-4k", "pages-2m", "pages-1g", "max-rmap-size"), chance.choice((0, 0, 2))):
        usual = chance.choice(("70000", "227", "3086676", "999"))
        made += [f"--{counter}", usual if chance.random() < 0.8 else atoms.number(chance)]
    vm, kernel = (chance.choice((*usual, atoms.text(chance))) for usual in (("812-11", "9-1"), ("6.1", "7.3", "5.10")))
    made += words.often(draft, 0.1, "--no-counters") + words.often(draft, 0.1, "--of-vm", vm)
    return made + words.often(draft, 0.2, "--written-by", kernel)


def rmaps(draft: Draft) -> list[str]:
    made = [histogram(draft), *counters(draft), *words.scenario(draft, 1)]
    return made + words.often(draft, 0.4, "--paging", "shadow") + words.output(draft, words.TABLES)


def replay(draft: Draft) -> list[str]:
    if draft.chance.random() < 0.05:
        return ["--probe-script", *words.scenario(draft, 1), *words.output(draft, words.TABLES)]
    made = [draft.given(seeds.trace(draft.chance)), *words.scenario(draft, 2)]
    made += words.often(draft, 0.4, "--ext", "2,14") + words.often(
        draft, 0.3, "--memslots", "ram", "--paging", "shadow", "--smm", "off"
    )
    return made + words.output(draft, words.TABLES)
