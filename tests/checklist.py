"""The checklist: what the program has to do, one row each with an id, the feature and the test that would accept it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "data" / "checklist.tsv"
UNPROVEN = FILE.with_name("unproven.tsv")


class Row(NamedTuple):
    """One row: an id such as ON-017, what it is about, and what must be observed."""

    id: str
    feature: str
    test: str


def rows() -> dict[str, Row]:
    """All rows by id, in the order of the file."""
    return {row.id: row for row in map(Row._make, _lines(FILE))}


def reasons() -> dict[str, str]:
    """Why a row that is worked on is not proven and will not be, by its id."""
    return {line[0]: line[1] for line in _lines(UNPROVEN)}


def _lines(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, dialect="excel-tab", quoting=csv.QUOTE_NONE))[1:]
