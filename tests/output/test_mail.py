"""The mail format draws tables as tabulate does, without loading it."""

from __future__ import annotations

import string
import textwrap

from hypothesis import given
from hypothesis import strategies as st
from tabulate import tabulate

from ptelist.output import plain
from ptelist.output.formats import mail
from ptelist.output.page import MAIL_WIDTH, Document, Table

WORDS = st.text(string.ascii_letters + string.digits + ",.%+-| ", max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.integers(1, 5))
    row = st.tuples(*[WORDS] * columns)
    return Table(
        draw(row), tuple(draw(st.lists(row, min_size=1, max_size=4))), bars=columns > 1 and draw(st.booleans())
    )


@given(tables())
def test_a_table_is_drawn_as_tabulate_draws_it(table: Table) -> None:
    """Its format "simple", without blanks at the ends of lines, if it takes no text for a number."""
    drawn = tabulate(
        table.rows, table.head, tablefmt="simple", disable_numparse=True, colalign=table.align, preserve_whitespace=True
    )
    expected = "\n".join(line.rstrip() for line in drawn.split("\n"))
    assert mail.draw(Document((table,), (), "ptelist"), MAIL_WIDTH) == f"{expected}\n\n$ ptelist\n"


def test_a_table_that_escapes_make_wider_is_fitted_anew() -> None:
    """A name of a few letters that a mail cannot say takes six columns for each."""
    rows = (("a", "1,000"), ("\u202e" * 9, "2,000"))
    drawn = mail.draw(Document((Table(("host", "bytes"), rows).within(20),), (), "ptelist"), 20)
    assert max(map(len, drawn.splitlines())) == len("\\u202e") * 9 > 20
    assert "    bytes 2,000" in drawn.splitlines()


@given(st.text(st.sampled_from("ab- \0"), max_size=60), st.integers(3, 14), st.integers(0, 2))
def test_text_is_wrapped_as_textwrap_does(text: str, width: int, indent: int) -> None:
    lines = textwrap.wrap(text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
    assert plain.wrapped(text, width, " " * indent) == "\n".join(lines)
