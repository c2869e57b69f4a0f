"""The checklist: what the program has to do, one row each with an id, the feature and the test that would accept it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "data" / "checklist.tsv"


class Row(NamedTuple):
    """One row: an id such as ON-017, what it is about, and what must be observed."""

    id: str
    feature: str
    test: str


def rows() -> dict[str, Row]:
    """All rows by id, in the order of the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE)
        next(lines)
        return {row.id: row for row in map(Row._make, lines)}
