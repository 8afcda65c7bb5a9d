"""What an inventory is written as: CSV, JSON lines or Parquet, as its first bytes tell."""

from __future__ import annotations

import re
from typing import BinaryIO

from ptelist.errors import PtelistError
from ptelist.fleet.objects import Objects, keys
from ptelist.fleet.parquet import Parquet, is_parquet
from ptelist.fleet.records import Text
from ptelist.fleet.rows import Rows


def opened(file: BinaryIO, label: str) -> tuple[Text | Parquet, Rows | Objects | Parquet]:
    """Return what tells how far a file is read, and its records; objects with the names of the first one."""
    if is_parquet(file):
        table = Parquet(file, label)
        return table, table
    text = Text(file, label)
    if re.match(r"\s*\[\s*(\{|$)", text.first):
        raise PtelistError(f"{label}:1: a JSON array, expected one object a line, as jq -c '.[]' makes of it")
    return text, Objects(text, keys(text.first), {}) if text.first.lstrip().startswith("{") else Rows(text)
