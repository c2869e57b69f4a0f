"""How a thing is measured: against a floor, in turns with it, by medians."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the report; everything is text but whether the budget is kept."""

    what: str
    floor: str
    ours: str
    ratio: str
    budget: str
    ok: bool


HEADER = ("what", "floor", "ours", "ratio", "budget", "ok")


def against(what: str, floor: float, ours: float, times: float) -> Row:
    """A row whose budget is a multiple of the floor; both in seconds."""
    ratio = ours / floor
    return Row(what, milliseconds(floor), milliseconds(ours), f"{ratio:.2f}", f"<= {times:g} x", ratio <= times)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def in_turns(floor: Callable[[], object], ours: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both, which take turns: a machine that slows down slows both. The first round is practice."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for spent, function in zip(times, (floor, ours), strict=True):
            begun = time.perf_counter()
            function()
            spent.append(time.perf_counter() - begun)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


def process(*words: str | Path) -> Callable[[], bytes]:
    """A function that runs a program and returns its output; a failing one ends the measurement."""

    def run() -> bytes:
        return subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout

    return run


def report(rows: list[Row]) -> str:
    """The rows as a table."""
    lines = [HEADER, *((*row[:-1], "yes" if row.ok else "NO") for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
