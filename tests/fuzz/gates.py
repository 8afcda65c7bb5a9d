"""check: gates, baselines and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz import atoms, builds, mutate, seeds, words
from ptelist.scenario.presets import shipped
from ptelist.settings.axes import AXES

if TYPE_CHECKING:
    from fuzz.draft import Draft

REPORTS = ("text", "json", "markdown", "html", "ktap", "junit", "github")
SEVERITIES = ('"warn"', '"fail"', "1")


def check(draft: Draft) -> list[str]:
    """A gate, its baseline where it looks for one, and reports."""
    chance = draft.chance
    gate, baseline = seeds.gate()
    how = chance.random()
    if how < 0.35:
        gate = _gate(draft)
    made = [draft.given(gate, ".toml", mutate.toml)]
    made = made if chance.random() < 0.85 else []
    name = made[0].removeprefix("./").removesuffix(".toml") if made else "ptelist"
    target = f"{name}-baseline.json"
    if "/" not in target and name not in {"-", ""} and len(target.encode("utf-8", "surrogateescape")) < 255:
        draft.writes.add(target)
        if chance.random() < 0.75:
            draft.files[target] = mutate.maybe(chance, baseline, mutate.as_json)
    if not made and chance.random() < 0.6:
        draft.files["ptelist.toml"] = mutate.maybe(chance, gate, mutate.toml)
    draft.writes |= {"ptelist.toml", "ptelist-baseline.json", "stdin-baseline.json", "summary"}
    made += words.often(draft, 0.3, "--kernel", chance.choice(shipped.names("kernels")))
    if chance.random() < 0.25:
        made += ["--kernel-from", _build(draft)]
        made += words.often(draft, 0.4, "--against-from", _build(draft))
    if chance.random() < 0.1:
        made += ["--baseline", draft.given(baseline, ".json", mutate.as_json)]
        draft.writes.add(made[-1].removeprefix("./"))
    for flag in ("--init", "--update", "--dry-run"):
        made += words.often(draft, 0.12, flag)
    writes = {"--init", "--update"} & set(made) and chance.random() < 0.8
    for form in [] if writes else atoms.some(chance, REPORTS, 2):
        made += ["--format", form, *words.often(draft, 0.7, "-o", draft.output())]
    return made + words.often(draft, 0.2, "--report", f"{chance.choice(REPORTS)}={draft.output()}")


def _build(draft: Draft) -> str:
    """Return a build, with modules beside it at times."""
    chance = draft.chance
    return builds.tree(draft) if chance.random() < 0.5 else draft.given(builds.build(chance), "", mutate.image)


def _gate(draft: Draft) -> bytes:
    """Return scenarios by options, and budgets for figures."""
    chance, lines = draft.chance, []
    if chance.random() < 0.1:
        lines.append(
            f"baseline = {mutate.as_toml(chance.choice(('b.json', '../b.json', '/dev/null', atoms.text(chance))))}"
        )
    names = [
        atoms.text(chance)[:2000] if chance.random() < 0.3 else f"s{number}"
        for number in range(chance.choice((0, 1, 2, 3)))
    ]
    for name in names:
        lines.append(f"\n[scenario.{mutate.as_toml(name)}]")
        axes = atoms.some(chance, list(AXES.values()), 3)
        lines += [f"{axis.name} = {mutate.as_toml(words.values(draft, axis))}" for axis in axes]
    for _ in range(chance.choice((1, 2, 5))):
        lines += ["\n[[budget]]", f"figure = {mutate.as_toml(words.figure(chance))}"]
        limit = chance.choice(
            ("0", "4096", '"1 %"', '"4 KiB"', '"baseline"', "1e3", mutate.as_toml(mutate.value(chance)))
        )
        lines.append(f"{chance.choice(('max', 'exact', 'max_growth'))} = {limit}")
        if chance.random() < 0.3:
            lines.append(f"message = {mutate.as_toml(atoms.text(chance))}")
        if chance.random() < 0.2:
            lines.append(f"scenario = {mutate.as_toml(chance.choice([*names, atoms.text(chance)]))}")
        if chance.random() < 0.2:
            lines.append(f"severity = {chance.choice(SEVERITIES)}")
    return mutate.encoded("\n".join(lines) + "\n")
