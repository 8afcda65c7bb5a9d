"""The command line of a case: each command with what it reads, in each format."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from fuzz import atoms, fleets, gates, readings, seeds, words
from fuzz.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.draft import Case

PICTURES = (*words.TABLES, "svg")
TOPICS = ("fields", "gate", "compare", "nothing", "", "..", "/etc/passwd")


def case(seed: int, number: int) -> Case:
    """Return the case of a seed and a number."""
    chance = Random(f"{seed}:{number}")
    draft = Draft(chance)
    name = chance.choices(list(COMMANDS), [weight for _, weight in COMMANDS.values()])[0]
    made = COMMANDS[name][0](draft)
    return draft.case([*name.split(), *made])


def _scenarios(draft: Draft, most: int) -> list[str]:
    """Return presets as arguments, and options."""
    presets = [words.preset(draft) for _ in range(draft.chance.choice((0, 0, 0, *range(1, most + 1))))]
    return [
        *(word if not word.startswith("-") or word == "-" else f"./{word}" for word in presets),
        *words.scenario(draft),
    ]


def compare(draft: Draft) -> list[str]:
    made = _scenarios(draft, 3)
    made += words.often(draft, 0.2, "--figure", words.figure(draft.chance))
    made += words.often(
        draft, 0.1, "--baseline", draft.chance.choice(("ext=14", "vcpus=1", "ext=2,vcpus=1", atoms.text(draft.chance)))
    )
    return made + words.output(draft, words.TABLES)


def sweep(draft: Draft) -> list[str]:
    chance = draft.chance
    made = _scenarios(draft, 1) + words.often(draft, 0.8, "--vcpus", chance.choice(words.RANGES))
    made += (
        words.often(draft, 0.5, "--figure", words.figure(chance))
        + words.often(draft, 0.3, "--delta")
        + words.often(draft, 0.3, "--log")
    )
    return made + words.often(draft, 0.4, "--ext", "2,14") + words.output(draft, PICTURES)


def sensitivity(draft: Draft) -> list[str]:
    return (
        _scenarios(draft, 1)
        + words.often(draft, 0.4, "--figure", words.figure(draft.chance))
        + words.output(draft, PICTURES)
    )


def best(draft: Draft) -> list[str]:
    made = _scenarios(draft, 1) + words.often(draft, 0.4, "--nested", "--rmaps", "100000x3+2000x40")
    if draft.chance.random() < 0.4:
        made += ["--histogram", readings.histogram(draft), *readings.counters(draft)]
    elif draft.chance.random() < 0.4:
        made += ["--trace", draft.given(seeds.trace(draft.chance))]
    return made + words.output(draft, words.TABLES)


def where(draft: Draft) -> list[str]:
    return _scenarios(draft, 1) + words.often(draft, 0.3, "--all") + words.output(draft, words.TABLES)


def history(draft: Draft) -> list[str]:
    made = _scenarios(draft, 1) + words.often(draft, 0.4, "--figure", words.figure(draft.chance))
    return made + words.often(draft, 0.3, "--all") + words.output(draft, PICTURES)


def show(draft: Draft) -> list[str]:
    return (
        _scenarios(draft, 1)
        + words.often(draft, 0.3, "--figure", words.figure(draft.chance))
        + words.output(draft, words.TABLES)
    )


def explain(draft: Draft) -> list[str]:
    depth = draft.chance.choice(("1", "3", "9", "all", "all", "all", atoms.text(draft.chance)))
    made = [words.figure(draft.chance), *_scenarios(draft, 2), *words.often(draft, 0.3, "--depth", depth)]
    return (
        made
        + words.often(draft, 0.3, "--ext", "2,14")
        + words.output(draft, ("terminal", "mail", "markdown", "html", "json"))
    )


def presets_show(draft: Draft) -> list[str]:
    return [words.preset(draft), *words.output(draft, ("terminal", "mail", "markdown"), assumptions=False)]


def presets_validate(draft: Draft) -> list[str]:
    return [words.preset(draft) for _ in range(draft.chance.choice((1, 1, 2)))]


def presets_path(draft: Draft) -> list[str]:
    return [words.preset(draft)]


def presets_list(draft: Draft) -> list[str]:
    return words.often(draft, 0.7, draft.chance.choice((*seeds.FOLDERS, atoms.text(draft.chance))))


def figures(draft: Draft) -> list[str]:
    patterns = ("memslots", "*.slabs", "mmu", "[", "**", words.figure(draft.chance), atoms.text(draft.chance))
    return [*atoms.some(draft.chance, patterns, 2), *words.output(draft, words.TABLES, assumptions=False)]


def help_(draft: Draft) -> list[str]:
    topic = draft.chance.choice((*TOPICS, atoms.text(draft.chance)))
    return [topic, *words.output(draft, ("terminal", "mail", "markdown"))]


def collect_script(draft: Draft) -> list[str]:
    return words.often(draft, 0.2, atoms.text(draft.chance))


def completion(draft: Draft) -> list[str]:
    return [draft.chance.choice(("bash", "zsh", "fish", atoms.text(draft.chance)))]


def complete(draft: Draft) -> list[str]:
    """Return nothing: what a shell asks for is in the environment."""
    chance = draft.chance
    begun = chance.choice(("--", "--k", "--kernel=6", "6", "mmu.", "", atoms.text(chance)[:1000].replace("\0", "")))
    line = [
        "ptelist",
        chance.choice(("compare", "presets show", "fleet", "explain", "x")),
        *words.scenario(draft, 1),
        begun,
    ]
    draft.env = {
        "_PTELIST_COMPLETE": chance.choice(("bash_complete", "zsh_complete", "fish_complete", "bash_source")),
        "COMP_WORDS": " ".join(line).replace("\0", "")[:100_000],
        "COMP_CWORD": chance.choice((str(len(line) - 1), begun, "0", "-1", "99", "x")).replace("\0", ""),
    }
    return []


def anything(draft: Draft) -> list[str]:
    """No command, a hostile one, or words of others."""
    return [
        draft.chance.choice(("--version", "--help", *COMMANDS, atoms.text(draft.chance))),
        *words.scenario(draft, 1),
    ]


COMMANDS: dict[str, tuple[Callable[[Draft], list[str]], int]] = {
    "compare": (compare, 14),
    "sweep": (sweep, 8),
    "sensitivity": (sensitivity, 3),
    "best": (best, 5),
    "where": (where, 3),
    "history": (history, 2),
    "show": (show, 5),
    "explain": (explain, 6),
    "observe": (readings.observe, 9),
    "inspect": (readings.inspect, 9),
    "rmaps": (readings.rmaps, 6),
    "replay": (readings.replay, 9),
    "patch": (readings.patch, 6),
    "check": (gates.check, 12),
    "fleet": (fleets.fleet, 12),
    "presets show": (presets_show, 4),
    "presets validate": (presets_validate, 4),
    "presets path": (presets_path, 1),
    "presets list": (presets_list, 1),
    "figures": (figures, 1),
    "help": (help_, 1),
    "collect-script": (collect_script, 1),
    "completion": (completion, 1),
    " ": (complete, 1),
    "": (anything, 2),
}
"""How the words of each command are made, and how often it is run, beside the others."""
