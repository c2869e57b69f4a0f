"""Rows: the console in a real pseudo-terminal: first paint, keys while the fleet changes, bytes sent, idle CPU."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.measuring import Row, against, milliseconds
from tests.console.fleet import fill_large
from tests.terminal import measure
from tests.terminal.term import command

FEW, MANY, ALL = 100, 10_000, 100_000
ROUNDS = 5
PRESSES = 100
FRAME = 0.016
"""Seconds of one frame at 60 Hz."""
HTOP_BYTES, MOST_BYTES = 288, 3_000
"""What htop sends for a cursor key, and what we may send."""
IDLE_SECONDS = 15.0


def rows(work: Path) -> Iterator[Row]:
    urls = {}
    for count in (FEW, MANY, ALL):
        urls[count] = str(work / f"{count}.db")
        fill_large(urls[count], count)

    paints = [(measure.start_time(urls[FEW]), measure.start_time(urls[ALL])) for _ in range(ROUNDS)]
    few, everything = (statistics.median(times) for times in zip(*paints, strict=True))
    yield against(f"console: first paint, {ALL:,} VMs against {FEW}", few, everything, times=2.0)

    with measure.Sweep(urls[ALL], ALL):
        times, _ = measure.key_times(urls[ALL], (measure.DOWN,), PRESSES)
        page_times, _ = measure.key_times(urls[ALL], (measure.PAGE_DOWN,), PRESSES)
    yield _frame(f"console: cursor key, {ALL:,} VMs, a tenth changing, p95", times)
    yield _frame("console: page down, the same, p95", page_times)

    _, sizes = measure.key_times(urls[ALL], (measure.DOWN,), PRESSES)
    sent = int(statistics.median(sizes))
    ratio = f"{sent / HTOP_BYTES:.1f}"
    yield Row(
        "console: bytes for a cursor key, htop's",
        f"{HTOP_BYTES}",
        f"{sent}",
        ratio,
        f"<= {MOST_BYTES:,}",
        sent <= MOST_BYTES,
    )

    bare = measure.cpu_share([sys.executable, "-c", measure.BARE], IDLE_SECONDS)
    ours = measure.cpu_share(command(urls[MANY]), IDLE_SECONDS, "vm-0")
    yield Row(
        f"console: idle CPU, {MANY:,} VMs, a bare app's", f"{bare:.2f} %", f"{ours:.2f} %", f"{ours / bare:.2f}",
        "<= 2 x", ours <= 2 * bare,
    )  # fmt: skip


def _frame(what: str, times: Sequence[float]) -> Row:
    p95 = sorted(times)[int(len(times) * 0.95)]
    return Row(what, milliseconds(FRAME), milliseconds(p95), f"{p95 / FRAME:.2f}", "<= 1 frame", p95 <= FRAME)
