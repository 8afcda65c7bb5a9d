"""An observation's sentence: whether the host is as predicted, and what differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from machines import DESC, HEADER, MACHINE, SLABINFO, WHOLE, Fake, slab

from ptelist.readers.host import paths
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

UNMERGED = MACHINE | slab("kvm_mmu_page_header", HEADER)
UNMERGED |= {paths.SLABINFO: SLABINFO.replace("pid          ", "pte_list_desc")}


def said(run: Run, tmp_path: Path, files: dict[str, str], *more: str) -> tuple[str, list[tuple[str, dict]]]:
    """Return the sentence, and each figure that was measured and predicted by the name of its cache."""
    saved = tmp_path / "saved.txt"
    saved.write_text(take(Fake(files, {})).render(), encoding="utf-8")
    document = json.loads(run("observe", str(saved), *more, "--format", "json").stdout)
    text = run("observe", str(saved), *more).stdout.split("\n\n")[0]
    assert " ".join(text.split()) == document["headline"]
    checks = [
        (f"{cache['name']}.{name}", check)
        for cache in (*document["caches"], *document["others"])
        for name, check in cache["checks"].items()
        if check["verdict"]
    ]
    return document["headline"], checks


def test_a_host_that_agrees(run: Run, tmp_path: Path) -> None:
    text, checks = said(run, tmp_path, UNMERGED | slab("pte_list_desc", DESC))
    assert text == f"This host agrees with the prediction: {len(checks)} figures of 2 slab caches."


def test_a_host_that_differs(run: Run, tmp_path: Path) -> None:
    text, checks = said(run, tmp_path, UNMERGED | slab("pte_list_desc", DESC | {"object_size": "136"}))
    start = f"This host differs from the prediction in 1 of {len(checks)} figures of 2 slab caches: "
    assert text == f"{start}pte_list_desc.size is 136, predicted 128."


def test_of_many_differences_a_few_are_named(run: Run, tmp_path: Path) -> None:
    cells = DESC | {"object_size": "136", "slab_size": "136", "objs_per_slab": "30", "order": "3", "cpu_partial": "7"}
    text, checks = said(run, tmp_path, UNMERGED | slab("pte_list_desc", cells))
    differing = [name for name, check in checks if check["verdict"] == "differs"]
    assert len(differing) > 3
    assert sum(f"{name} is " in text for name in differing) == 3
    assert text.endswith(f"; {len(differing) - 3} more below.")


def test_a_host_that_shows_nothing(run: Run, tmp_path: Path) -> None:
    files = {path: text for path, text in WHOLE.items() if not path.startswith((paths.SLABS, paths.SLABINFO))}
    text, checks = said(run, tmp_path, files)
    assert not checks
    assert text == "This host shows no slab cache that could be held against the prediction."
