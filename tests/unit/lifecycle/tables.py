"""The rules of the life-cycle, written down a second time as tables, for the tests to hold the product against."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of data/<name>.tsv by column."""
    with (DATA / f"{name}.tsv").open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file, delimiter="\t"))


def spelled(text: str) -> list[str]:
    """Position names a column lists: names, LCM numbers, ANY (all but INIT), ALIVE (ANY but DONE)."""
    every = [row["name"] for row in rows("states") if row["category"] != "internal"]
    if text == "ANY":
        return every
    if text == "ALIVE":
        return [name for name in every if name != "DONE"]
    numbered = {row["lcm"]: row["name"] for row in rows("states") if row["state"] == "3"}
    return [numbered.get(word, word) for word in text.split()]
