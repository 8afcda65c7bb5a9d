"""The keys, and what each does: the screen, its help and the manual say the same."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """A key of the main screen."""

    key: str
    action: str
    shown: str
    """How it is called."""
    brief: str
    """In the line at the foot, if it is there."""
    about: str


KEYS = (
    Key("up,down", "", "up down", "", "go to a lever or a figure"),
    Key(
        "left",
        "step(False)",
        "left right",
        "",
        "move a lever: half or double, no further than it goes; the word or kernel before or after",
    ),
    Key("right", "step(True)", "", "", ""),
    Key("minus", "step(False, True)", "- +", "", "move it by one; a size by one of its unit"),
    Key("plus", "step(True, True)", "", "", ""),
    Key("enter", "", "Enter", "", "on a lever, type a value (a digit begins one as well); on a figure, its derivation"),
    Key("backspace", "clear", "Backspace", "", "leave a lever to what is in force without it"),
    Key("tab", "", "Tab", "", "go on to the figures, to what the difference comes of, and back"),
    Key("p", "pin", "p", "pin", "pin what is here: what comes is held against it"),
    Key("u", "undo", "u", "undo", "take the last step back"),
    Key("s", "sweep", "s", "sweep", "sweep the lever over its values, as a chart of the figure under the cursor"),
    Key("h", "history", "h", "history", "that figure over all versions of the kernel, and why it changed"),
    Key("slash", "find", "/", "find", "find a lever or a figure by name or meaning"),
    Key("y", "copy", "y", "copy", "copy the text for a mail to the clipboard"),
    Key("w", "write", "w", "write", "write it to a file, in the format that its ending says (.html, .md, .csv; mail)"),
    Key("question_mark", "keys", "?", "keys", "show this"),
    Key("escape", "", "Esc", "", "go back"),
    Key("q", "quit", "q", "quit", "quit"),
)
