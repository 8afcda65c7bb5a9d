"""What --help says is in force is what the default presets say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptelist.settings.axes import AXES
from ptelist.settings.columns import expand
from ptelist.settings.defaults import PRESETS, SAID_BY_PRESETS, default

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

SCENARIO = expand([], []).columns[0].scenario
PARTS = {"kernel": SCENARIO.kernel, "config": SCENARIO.config, "host": SCENARIO.host, "vm": SCENARIO.first_vm}


@pytest.mark.parametrize(
    "axis", [axis for axis in AXES.values() if not axis.kind.by_preset], ids=lambda axis: axis.name
)
def test_a_default_is_the_value_in_force(axis: object) -> None:
    """An axis without a value has none; one whose value is a list of nothing neither."""
    fields = {path: getattr(PARTS[path.partition(".")[0]], path.partition(".")[2]) for path in axis.paths}
    value = axis.kind.value_of(fields)
    assert default(axis.name) == ("" if value is None or value == () else axis.kind.show(value))


def test_presets_are_in_force_by_their_names() -> None:
    assert SCENARIO.kernel.version == PRESETS["kernel"]
    assert SCENARIO.host.name == PRESETS["host"]
    assert SCENARIO.first_vm.name == PRESETS["vm"]
    assert not set(SAID_BY_PRESETS) - set(AXES)


def test_help_groups_options_by_what_they_are_about(run: Callable[..., Result]) -> None:
    text = run("compare", "--help").stdout
    titles = [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == ["Options of this command:", "Kernel:", "Host:", "VM:", "Output:"]
    sections = dict(zip(titles, text.split("\n\n")[-5:], strict=True))
    for axis in AXES.values():
        title = {"kernel": "Kernel:", "host": "Host:", "vm": "VM:"}[axis.part]
        assert f"  --{axis.name} " in sections[title], axis.name
    assert "--vcpus N,..|A..B" in sections["VM:"]
    assert "vCPUs of each VM. [4]" in sections["VM:"]
    assert "--format" in sections["Output:"]
    assert "--baseline" in sections["Options of this command:"]
