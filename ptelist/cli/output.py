"""Where results go: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.cli.options import FORMATS
from ptelist.errors import PtelistError
from ptelist.views.page import MAIL_WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ptelist.comparison import Comparison
    from ptelist.views.page import Document

TERMINAL, MAIL, MARKDOWN, CSV, JSON = FORMATS
SVG = "svg"
LEAST_WIDTH = 20


def choose(wanted: str | None, output: str | None) -> str:
    """Return the format asked for, else the one that suits stdout."""
    if wanted:
        return wanted
    return TERMINAL if output in {None, "-"} and sys.stdout.isatty() else MAIL


def width(chosen: str) -> int:
    """Return the columns of the terminal, or those of a mail."""
    if chosen == TERMINAL:
        import shutil  # noqa: PLC0415 -- slow to load, not needed in a pipe

        return max(shutil.get_terminal_size((80, 24)).columns, LEAST_WIDTH)
    columns = os.environ.get("COLUMNS", "")
    limit = int(columns) if columns.isascii() and columns.isdecimal() and len(columns) < len("10000") else MAIL_WIDTH
    return max(min(MAIL_WIDTH, limit), LEAST_WIDTH)


class Views(NamedTuple):
    """What a result is in each kind of format: nothing is made, and no view loaded, but the one asked for."""

    document: Callable[[int | None], Document]
    """For the text formats; None is an endless line."""
    json: Callable[[], str]
    csv: Callable[[], str] = str
    svg: Callable[[], str] = str


def late(module: str, name: str, *args: Any) -> Callable[..., Any]:
    """Return a function of a module that is loaded when it is called, with its first arguments."""

    def call(*more: Any) -> Any:
        return getattr(import_module(module), name)(*args, *more)

    return call


def deliver(views: Views, wanted: str | None, output: str | None) -> None:
    """Write a result in the format that is asked for, or that suits."""
    chosen = choose(wanted, output)
    if chosen == JSON:
        text = views.json()
    elif chosen == CSV:
        text = views.csv()
    elif chosen == SVG:
        text = views.svg()
    else:
        text = _render(views.document(None if chosen == MARKDOWN else width(chosen)), chosen)
    write(text, output)


def emit(
    comparison: Comparison,
    figures: tuple[str, ...],
    build: Callable[[int | None], Document],
    wanted: str | None,
    output: str | None,
) -> None:
    """Write a comparison; `build` makes the document of the text formats for a width."""
    as_json, as_csv = (late(f"ptelist.views.{name}", "render", comparison, figures) for name in ("json", "csv"))
    deliver(Views(build, as_json, as_csv), wanted, output)


def _render(document: Document, chosen: str) -> str:
    if chosen == TERMINAL:
        from ptelist.views import terminal  # noqa: PLC0415 -- rich only for terminals

        return terminal.render(document, width(chosen), sys.stdout.encoding or "ascii")
    if chosen == MAIL:
        from ptelist.views import mail  # noqa: PLC0415 -- tabulate only where needed

        return mail.render(document, width(chosen))
    from ptelist.views import markdown  # noqa: PLC0415 -- tabulate only where needed

    return markdown.render(document)


def write(text: str, output: str | None) -> None:
    """Write to stdout, or to a file that appears whole or not at all.

    A link is followed. What is no regular file (a device, a FIFO) is written to, not
    replaced.
    """
    if output is None or output == "-":
        _to_stdout(text)
        return
    from pathlib import Path  # noqa: PLC0415 -- slow to load, not needed for stdout

    target = Path(output).resolve()
    try:
        if output.endswith("/") or target.is_dir():
            raise PtelistError(f"{output}: is a directory, expected a file")
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", newline="\n")
        else:
            _replace(target, text)
    except OSError as error:
        raise PtelistError(f"{output}: cannot be written: {error.strerror}") from None


def _replace(target: Path, text: str) -> None:
    """Write a temporary file beside target, which then takes its place."""
    import tempfile  # noqa: PLC0415 -- slow to load, not needed for stdout
    from pathlib import Path  # noqa: PLC0415 -- as above

    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _to_stdout(text: str) -> None:
    """Write all of text; an unbuffered stdout may take a part of it at a time."""
    stream = sys.stdout.buffer
    left = memoryview(text.encode(sys.stdout.encoding or "ascii", "backslashreplace"))
    while left:
        left = left[stream.write(left) :]
    stream.flush()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
