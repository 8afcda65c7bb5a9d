"""What scenarios share: a result serves only those in which all is the same that it was worked out of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import scenario
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.account import account, descriptors, layouts
from ptelist.engine.figure_kinds import is_aside
from ptelist.engine.shared import MOST, Shared
from ptelist.errors import PtelistError
from ptelist.scenario.overlay import Source
from ptelist.settings.space import Space

if TYPE_CHECKING:
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


@given(st.lists(SCENARIOS, min_size=2, max_size=12))
def test_figures_are_the_same_whatever_was_worked_out_before(found: list[Scenario]) -> None:
    shared = Shared()
    for each in found:
        assert list(account(each, shared).items()) == list(account(each).items())
        assert list(descriptors(each, shared).items()) == list(descriptors(each).items())
        assert layouts(each, shared) == layouts(each)


@given(SCENARIOS)
def test_what_is_left_aside_is_part_of_no_total(found: Scenario) -> None:
    for work in (account, descriptors):
        whole = {name: term for name, term in work(found).items() if not is_aside(name)}
        assert list(work(found, aside=False).items()) == list(whole.items())
    assert {is_aside(name) for name in ("pte_list_desc.bytes.total", "beside.bytes.sheaves")} == {True, False}


def test_a_result_reads_on_of_the_scenario_at_hand() -> None:
    """A field that was not read is free to differ; once it was read it must be the same."""
    shared = Shared()
    runs: list[int] = []

    def work(of: Scenario) -> Scenario:
        runs.append(of.vms[0].vcpus)
        return of

    for memory, worked_out in ((GIB, 1), (2 * GIB, 1), (3 * GIB, 2)):
        found = shared.once(("x",), scenario("6.1", vm={"vcpus": 3, "memory": memory}), work)
        assert found.vms[0].vcpus == 3
        if memory > GIB:
            assert found.vms[0].memory == memory
        assert len(runs) == worked_out


def test_sources_and_how_many_vms_there_are_tell_scenarios_apart() -> None:
    shared = Shared()
    one = scenario("6.1", vm={"vcpus": 3})
    other = one._replace(sources=one.sources | {"vms.0.vcpus": Source("elsewhere")})
    two = one._replace(vms=one.vms * 2)
    for each in (one, other, two, one):
        assert shared.once(("source",), each, lambda of: of.sources.get("vms.0.vcpus")) == each.sources["vms.0.vcpus"]
        assert shared.once(("count",), each, lambda of: len(of.vms)) == len(each.vms)


def test_a_few_results_are_kept_the_last_ones_used() -> None:
    shared = Shared()
    runs: list[int] = []

    def vcpus(of: Scenario) -> int:
        runs.append(of.vms[0].vcpus)
        return of.vms[0].vcpus

    for count in (*range(1, MOST + 1), 1, MOST + 1, 1, 2):
        assert shared.once(("x",), scenario("6.1", vm={"vcpus": count}), vcpus) == count
    assert runs == [*range(1, MOST + 1), MOST + 1, 2]


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
