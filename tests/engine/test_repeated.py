"""Rules repeated on plain integers give what they give in terms, of whatever scenarios came before."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import pytest
from builders import arguments, scenario
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.account import account, descriptors
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import is_aside
from ptelist.engine.recorded import MOST_STEPS, Recorded, Tape
from ptelist.engine.repeated import MOST, WORTH, Repeated
from ptelist.errors import PtelistError
from ptelist.scenario.overlay import Source
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Scenario

GIB = 1 << 30
VERSIONS = "5.10", "6.1", "6.18", "7.3"
VMS = st.fixed_dictionaries(
    {"vcpus": st.integers(1, 40), "memory": st.sampled_from((GIB, 8 * GIB)), "count": st.integers(1, 3)},
    optional={
        "leaf": st.sampled_from(("4K", "2M")),
        "dirty_log": st.booleans(),
        "smm": st.booleans(),
        "caches": st.sampled_from(("topped-up", "drawn")),
        "name": st.sampled_from(("a", "b")),
    },
)
NESTED = st.just({"nested": True, "l2_memory": GIB, "rmaps": ({"count": 100, "entries": 3},)})
HOSTS = st.fixed_dictionaries({"cpus": st.integers(1, 4)}, optional={"filling": st.sampled_from(("packed", "spread"))})
SCENARIOS = st.builds(
    lambda version, host, vm, nested: scenario(version, on_host=host, vm=vm | nested),
    st.sampled_from(VERSIONS),
    HOSTS,
    VMS,
    st.just({}) | NESTED,
)


Numbers = tuple[list[int], tuple[object, ...]]


def figures(scenario: Scenario) -> Numbers:
    """Return the ends of all figures, and all of them that is the same where these come about in the same way."""
    return figures_of(account(scenario))


def figures_of(ledger: Ledger) -> Numbers:
    terms = ledger.values()
    return [end for term in terms for end in (term.low, term.high)], tuple((term.name, term.unit) for term in terms)


def changes(old: Scenario, new: Scenario) -> Numbers:
    """Return the ends of the change of every figure that both have."""
    return changes_of(account(old), account(new))


def changes_of(before: Ledger, after: Ledger) -> Numbers:
    names = [name for name in before if name in after]
    return [end for name in names for end in difference(before[name], after[name])], tuple(names)


def varied(base: Scenario, vcpus: int, pages: int, cpus: int) -> Scenario:
    """Return a scenario with other numbers."""
    vm = base.vms[0]
    run = None if vm.vcpus_run is None else min(vm.vcpus_run, vcpus)
    memory = vm.memory + 4096 * pages
    return base._replace(
        vms=(vm._replace(vcpus=vcpus, vcpus_run=run, memory=memory), *base.vms[1:]),
        host=base.host._replace(cpus=base.host.cpus + cpus, possible_cpus=None),
    )


NUMBERS = st.lists(
    st.tuples(st.integers(1, 300), st.sampled_from((0, 1, 511, 512, 1 << 18)), st.integers(0, 2)),
    min_size=2,
    max_size=4,
)


@examples(15)
@given(arguments(), arguments(), NUMBERS)
def test_figures_are_those_in_terms_whatever_came_before(first: Any, second: Any, numbers: Sequence[Any]) -> None:
    """All figures, and all their differences, of kernels, hosts and VMs of every kind."""
    bases = [scenario(kernel, on_host=host, vm=vms) for kernel, host, vms in (first, second)]
    found = [varied(base, *each) for each in numbers for base in bases]
    alone, against = Repeated(figures, worth=1), Repeated(changes, worth=1)
    terms = [account(each) for each in found]
    for number, each in enumerate(found):
        told = against(found[number - 1], each), changes_of(terms[number - 1], terms[number])
        for got, wanted in ((alone(each), figures_of(terms[number])), told):
            assert (list(got[0]), got[1]) == wanted


def test_a_sweep_is_recorded_once_or_twice() -> None:
    """Rules are run for the first scenarios, and for those that are counted otherwise than any before."""
    runs = 0

    def rules(of: Scenario) -> Numbers:
        nonlocal runs
        runs += 1
        return figures(of)

    repeated = Repeated(rules)
    for vcpus in range(1, 2000):
        repeated(scenario_of(vcpus=vcpus))
    assert runs <= 3 * WORTH


def test_a_few_recordings_are_kept_the_last_ones_used() -> None:
    runs: list[int] = []

    def exactly(of: Scenario) -> tuple[list[int], str]:
        text = str(of.vms[0].vcpus)
        runs.append(int(text))
        return [], text

    repeated = Repeated(exactly, worth=1)
    for count in (1, *range(1, MOST + 1), 1, MOST + 1, 1, 2):
        assert repeated(scenario_of(vcpus=count))[1] == str(count)
    assert runs == [1, *range(1, MOST + 1), MOST + 1, 2]  # of the first one it was not known that VMs vary


def scenario_of(**vm: int) -> Scenario:
    return KNOWN._replace(vms=(KNOWN.vms[0]._replace(**vm),))


KNOWN = scenario("6.1")


def test_sources_and_how_many_vms_there_are_tell_scenarios_apart() -> None:
    other = KNOWN._replace(sources=KNOWN.sources | {"vms.0.vcpus": Source("elsewhere")})
    two = KNOWN._replace(vms=KNOWN.vms * 2)
    source = Repeated(lambda of: ([], of.sources.get("vms.0.vcpus")), worth=1)
    count = Repeated(lambda of: ([len(of.vms)], None), worth=1)
    for each in (KNOWN, other, two, KNOWN, other):
        assert source(each)[1] == each.sources.get("vms.0.vcpus")
        assert list(count(each)[0]) == [len(each.vms)]


def test_what_raises_raises_again() -> None:
    def refused(of: Scenario) -> tuple[list[int], None]:
        if of.vms[0].vcpus > 3:
            raise PtelistError(f"{of.vms[0].vcpus} vCPUs are too many")
        return [of.vms[0].vcpus], None

    repeated = Repeated(refused, worth=1)
    for vcpus in (1, 2, 3, 1):
        assert list(repeated(scenario_of(vcpus=vcpus))[0]) == [vcpus]
    for vcpus in (4, 5, 4):
        with pytest.raises(PtelistError, match=f"^{vcpus} vCPUs are too many$"):
            repeated(scenario_of(vcpus=vcpus))


@pytest.mark.parametrize("use", [lambda n: {n: 1}, lambda n: n / 2, lambda n: [0] * MOST_STEPS + [n**2]])
def test_what_is_no_arithmetic_is_run_each_time(use: Any) -> None:
    """Numbers as keys, fractions and powers are beyond recording; the figures are right all the same."""
    repeated = Repeated(lambda of: ([len(str(use(of.vms[0].vcpus)))], None), worth=1)
    for vcpus in (1, 20, 300, 20):
        assert list(repeated(scenario_of(vcpus=vcpus))[0]) == [len(str(use(vcpus)))]


def test_a_long_computation_is_run_each_time() -> None:
    def counted(of: Scenario) -> tuple[list[int], None]:
        found = of.vms[0].vcpus
        for step in range(MOST_STEPS):
            found += step
        return [found], None

    repeated = Repeated(counted, worth=1)
    for vcpus in (1, 2, 3):
        assert list(repeated(scenario_of(vcpus=vcpus))[0]) == [vcpus + sum(range(MOST_STEPS))]


OPERATORS = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.floordiv,
    operator.mod,
    operator.lshift,
    operator.rshift,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
    lambda a, b: -a - b,
    lambda a, b: a.bit_length() + b.bit_length(),
    lambda a, b: max(a, b) - min(a, b),
    lambda a, b: sum([a, b, 1]),
    lambda a, b: len(range(a)) + b,
    lambda a, b: [10, 11, 12, 13][a % 4] + b,
    lambda a, b: 1 if a else b,
    lambda a, b: int(f"{a:d}") + int(str(b)),
    lambda a, b: (a in (1, 2, b)) + 0,
)


@pytest.mark.parametrize("work", OPERATORS)
@examples(10)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=6), st.integers(0, 9))
def test_operators(work: Any, pairs: list[tuple[int, int]], plain: int) -> None:
    """Each operator, of two numbers that are recorded, or of one and a plain one on either side."""
    uses = (work, lambda a, _: work(a, plain or 1), lambda _, b: work(plain, b))
    for use in uses:
        repeated = Repeated(lambda of, use=use: ([use(of.vms[0].vcpus, of.vms[0].count)], None), worth=1)
        for vcpus, count in (*pairs, *pairs):
            assert list(repeated(scenario_of(vcpus=vcpus, count=count))[0]) == [use(vcpus, count)]


def test_a_recorded_number_is_read_by_nothing_that_does_not_note_it() -> None:
    """It is no int, which C code would read without asking, and no key of a table that outlives the run."""
    number: Any = Recorded(Tape(), "v0", 3)
    assert not isinstance(number, int)
    for use in (hash, lambda n: n + "", lambda n: "" + n, lambda n: n < "", lambda n: n / 1, lambda n: n | 1):
        with pytest.raises(TypeError):
            use(number)


@given(SCENARIOS)
def test_what_is_left_aside_is_part_of_no_total(found: Scenario) -> None:
    for work in (account, descriptors):
        whole = {name: term for name, term in work(found).items() if not is_aside(name)}
        assert list(work(found, aside=False).items()) == list(whole.items())
    assert {is_aside(name) for name in ("pte_list_desc.bytes.total", "beside.bytes.sheaves")} == {True, False}


@pytest.mark.parametrize(("axis", "text"), [("vcpus", "1..40"), ("memory", "1GiB..40GiB*2"), ("ext", "2..40")])
def test_points_are_those_of_a_space_of_their_own(axis: str, text: str) -> None:
    """Of many points only what differs is validated; each is as if it were alone."""
    space = Space((), [(axis, text)])
    ((_, choices),) = space.axes
    for choice in choices:
        alone = Space((), [(axis, choice.label)]).scenario({axis: choice})
        assert space.scenario({axis: choice}) == alone
        assert space.scenario({axis: choice}).sources == alone.sources


def test_of_many_points_one_that_cannot_be_is_told_as_if_it_were_alone() -> None:
    space = Space((), [("vcpus", "65525..65537")])
    ((_, choices),) = space.axes
    for choice in choices[:-1]:
        assert space.scenario({"vcpus": choice}).vms[0].vcpus == choice.value
    with pytest.raises(PtelistError) as alone:
        Space((), [("vcpus", "65537")]).scenario({"vcpus": choices[-1]})
    with pytest.raises(PtelistError) as found:
        space.scenario({"vcpus": choices[-1]})
    assert str(found.value) == str(alone.value)
    assert "65536" in str(found.value)


def test_recordings_that_serve_nobody_become_rare() -> None:
    """Rules that go by each number itself, as by how many memslots there are."""
    recorded = []

    def rules(number: int) -> Numbers:
        if not isinstance(number, int):
            recorded.append(number)
        return (sum(range(number)),), ""

    repeated = Repeated(rules)
    numbers = range(1, 3000)
    assert [repeated(number)[0][0] for number in numbers] == [sum(range(number)) for number in numbers]
    assert len(recorded) <= 7, "after 32 runs, then after twice as many each time"
    assert [repeated(number % 2)[0][0] for number in range(9000)] == [0] * 9000
    assert len(recorded) <= 9, "what serves is not done again"
