"""The manual: each command has a page, nothing that has a name is missing, and pages read well everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from manual_tables import ITEMS, type_words

import ptelist
from ptelist.cli import COMMANDS, main
from ptelist.cli.man_pages import man_pages
from ptelist.output.manual import pages, plain, roff, terminal
from ptelist.output.manual.markdown import Code, Heading, Item, Paragraph, Rows, blocks
from ptelist.scenario.limits import DebugLetters, Positive, Size
from ptelist.scenario.models import RECORDS, Heads
from ptelist.scenario.presets.kinds import KINDS
from ptelist.settings.axes import AXES
from ptelist.settings.catalog.fields import FIELDS
from ptelist.settings.catalog.meanings import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

NAMES = pages.names()
SENTENCE = re.compile(r"[a-z0-9A-Z].*")
PAGE = """# ptelist try: what a page may have

It's `--a` **and** [more](more.md).

<!-- table -->

| name | number |
| --- | ---: |
| `x` | 1,024 |

<!-- /table -->

- one item
  in two lines
- .another

## Part

```sh
.dot -x \\
```
"""


def test_every_command_has_a_page_and_every_other_page_is_a_topic() -> None:
    assert {name for name in NAMES if pages.page(name).of_a_command} == set(COMMANDS)
    for name in NAMES:
        page = pages.page(name)
        assert page.title == (f"ptelist {name}" if name in COMMANDS else name)
        assert SENTENCE.fullmatch(page.about)
        assert not page.about.endswith(".")


def test_every_figure_parameter_field_and_kind_of_preset_is_on_a_page() -> None:
    text = "\n".join(pages.page(name).text for name in NAMES)
    for name in (*MEANINGS, *(f"{part}.{field}" for part, fields in FIELDS.items() for field in fields)):
        assert f"`{name}`" in text, name
    for axis in AXES.values():
        assert f"`{axis.option} {axis.kind.metavar}`" in text, axis.name
    for kind in KINDS:
        assert re.search(rf"\b{kind}\b", pages.page("presets").text), kind


def test_fields_have_meanings_in_the_order_of_their_declaration() -> None:
    assert list(FIELDS) == list(RECORDS)
    for part, fields in FIELDS.items():
        assert list(fields) == list(RECORDS[part]._fields)
    for record, fields in ITEMS.values():
        assert list(fields) == list(record._fields)


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "whole number"),
        (Positive, "whole number, at least 1"),
        (Heads, "whole number, 0 to 1,099,511,627,776"),
        (Size, "size in whole pages, 0 B to 4096 TiB"),
        (Size | None, "size in whole pages, 0 B to 4096 TiB; may be empty"),
        (DebugLetters, "letters of FZPUTA, or `none`"),
        (tuple[Positive, ...], "list of: whole number, at least 1"),
        (RECORDS["vm"].__annotations__["paging"], "`tdp`, `tdp-mmu`, `tdp-legacy` or `shadow`"),
        (RECORDS["kernel"].__annotations__["slub_fractions"], "list of: whole number, at least 1, 2 or more of them"),
    ],
)
def test_a_type_in_words(annotation: object, text: str) -> None:
    assert type_words(annotation) == text


def test_a_page_is_read_as_its_blocks() -> None:
    assert list(blocks(PAGE)) == [
        Heading(1, "ptelist try: what a page may have"),
        Paragraph("It's `--a` **and** [more](more.md)."),
        Rows((("name", "number"), ("`x`", "1,024"))),
        Item("one item in two lines"),
        Item(".another"),
        Heading(2, "Part"),
        Code(".dot -x \\"),
    ]


def test_a_page_in_a_pipe() -> None:
    assert plain.render(PAGE, 40) == (
        "ptelist try: what a page may have\n=================================\n\nIt's --a and more.\n\n"
        "name      number\n------  --------\nx          1,024\n\n"
        "- one item in two lines\n- .another\n\nPart\n----\n\n  .dot -x \\\n"
    )


def test_a_page_as_a_man_page() -> None:
    page = pages.Page("try", "ptelist try", "what a page may have", PAGE)
    usage = roff.Usage("ptelist try [OPTIONS]", (("--a N", "So many."),))
    assert roff.render(page, "1.0", usage).splitlines() == [
        '.TH "PTELIST-TRY" "1" "" "ptelist 1.0" "ptelist"',
        *(".SH NAME", "ptelist\\-try \\- what a page may have", ".SH SYNOPSIS", "ptelist try [OPTIONS]"),
        *(".SH DESCRIPTION", ".PP", "It\\(aqs \\fB\\-\\-a\\fR \\fBand\\fR \\fBmore\\fR."),
        *(".PP", ".RS 4", ".nf", "name      number", "\\-\\-\\-\\-\\-\\-  \\-\\-\\-\\-\\-\\-\\-\\-"),
        *("x          1,024", ".fi", ".RE", ".IP \\(bu 2", "one item in two lines", ".IP \\(bu 2", "\\&.another"),
        *(".SH Part", ".PP", ".RS 4", ".nf", "\\&.dot \\-x \\e", ".fi", ".RE"),
        *(".SH OPTIONS", ".TP", "\\fB\\-\\-a N\\fR", "So many."),
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [60, 72])
def test_a_page_fits_its_width_but_for_code(name: str, width: int) -> None:
    text = plain.render(pages.page(name).text, width)
    assert text.isascii()
    long = [line for line in text.splitlines() if len(line) > width]
    code = "\n".join(block.text for block in blocks(pages.page(name).text) if isinstance(block, Code))
    assert all(line.removeprefix(plain.INDENT) in code for line in long)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_on_a_terminal_has_its_words(name: str) -> None:
    shown = terminal.render(pages.page(name).text, 100)
    assert "\x1b[" in shown
    bare = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", shown).split())
    assert pages.page(name).about in bare
    assert "<!--" not in bare


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_number_of_a_table_is_cropped_on_a_terminal(width: int) -> None:
    text = pages.page("exactness").text
    shown = set(re.sub(r"\x1b\[[0-9;]*m", "", terminal.render(text, width)).split())
    cells = [cell for block in blocks(text) if isinstance(block, Rows) for row in block.cells[1:] for cell in row[1:]]
    assert len(cells) > 100
    assert set(cells) <= shown


def test_help_shows_the_list_of_topics_and_a_topic(run: Callable[..., Result]) -> None:
    listing = run("help").stdout
    for name in NAMES:
        assert name == pages.INDEX or re.search(rf"^- {name}: ", listing, re.MULTILINE)
    assert run("help", "fields").stdout == plain.render(pages.page("fields").text, 72)
    assert run("help", "gate", "--format", "markdown").stdout == pages.page("gate").text


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("feilds", "did you mean fields?"),
        ("cpu_partial", "it is told of in fields"),
        ("pml", "it is told of in "),
        ("exactnes", "did you mean exactness?"),
        ("", "known: "),
        ("zzz", "known: "),
    ],
)
def test_an_unknown_topic_is_met_with_those_that_may_be_meant(
    run: Callable[..., Result], topic: str, hint: str
) -> None:
    result = run("help", topic)
    assert result.exit_code == 2
    assert f'no topic "{topic}"' in result.stderr
    assert hint in result.stderr


MAN = dict(man_pages())


def test_man_pages_are_of_all_pages() -> None:
    assert {path.rpartition("/")[2].removeprefix("ptelist-").rpartition(".")[0] for path in MAN} == set(NAMES)
    assert {"man/man1/ptelist.1", "man/man1/ptelist-compare.1", "man/man7/ptelist-fields.7"} <= set(MAN)


def test_the_man_page_of_a_command_has_all_its_options() -> None:
    with click.Context(main) as context:
        for name in COMMANDS:
            command = main.get_command(context, name)
            assert command
            text = MAN[f"man/man1/ptelist-{name}.1"].replace("\\-", "-")
            assert f"ptelist {name}" in text
            for param in command.params:
                assert param.param_type_name == "argument" or re.search(rf"\n\\fB.*{param.opts[-1]}\b", text)


@pytest.mark.parametrize("path", MAN)
def test_a_man_page_is_formatted_without_a_warning(path: str) -> None:
    text = MAN[path]
    assert text.isascii()
    assert all(line.startswith(("\\&", ".")) or not line.startswith("'") for line in text.splitlines())
    if shutil.which("groff"):
        done = subprocess.run(
            ["groff", "-man", "-Tascii", "-ww", "-z"], input=text, capture_output=True, encoding="utf-8", check=True
        )
        assert not [line for line in done.stderr.splitlines() if not re.search("can.t (break|adjust)|cannot", line)]


def test_the_wheel_installs_what_is_read() -> None:
    """Pages lie in the package; man pages are the wheel's shared data, by the hook that pyproject.toml names."""
    root = Path(__file__).parents[3]
    build = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["packages"] == ["ptelist"]
    assert pages.FOLDER.parent == Path(ptelist.__file__).parent
    hook = build["wheel"]["hooks"]["custom"]["path"]
    assert (root / hook).is_file()
    assert f"/{Path(hook).parent}" in build["sdist"]["include"]


def test_pictures_are_small_each_on_a_page_and_only_where_they_can_be_seen() -> None:
    shown = [name for page in pages.names() for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", pages.page(page).text)]
    files = {path.name: path.stat().st_size for path in Path(str(pages.FOLDER)).glob("*.png")}
    assert sorted(shown) == sorted(files)
    assert all(size <= 60_000 for size in files.values())
    for page in pages.names():
        for render in (plain.render, terminal.render):
            assert "![" not in render(pages.page(page).text, 72)
