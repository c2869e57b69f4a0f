"""Rows: operations taken into the queue, each checked, recorded and answered."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.bench.fill import fill
from tests.bench.measuring import Row, milliseconds
from vmconsole.store.session import open_session

OPERATIONS = 1_000
PROGRAM = Path(sys.executable).with_name("vmconsole")


def rows(work: Path) -> Iterator[Row]:
    store = work / "accepting" / "vmconsole.db"
    # Without hosts nothing but the queue is at work: all VMs are pending and are put on hold.
    fill(store, OPERATIONS, hosts=0)
    script = work / "script"
    script.write_text("".join(f"hold {number}\n" for number in range(OPERATIONS)))
    words: list[str | Path] = [PROGRAM, "--batch", "--db", store, "--no-wait", "-f", script]
    try:
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        created = _created(store)
    finally:
        _end_controller(store)
    assert len(created) == OPERATIONS
    rate = (OPERATIONS - 1) / (created[-1] - created[0])
    median = statistics.median(later - earlier for earlier, later in pairwise(created))
    yield Row("operations accepted", "-", f"{rate:.0f} a second", "-", ">= 100 a second", rate >= 100)
    yield Row("one operation accepted, median", "-", milliseconds(median), "-", "<= 20.0 ms", median <= 0.020)


def _created(store: Path) -> list[float]:
    with open_session(str(store), create=False, read_only=True) as session:
        return [row[0] for row in session.query("SELECT created FROM operation ORDER BY seq")]


def _end_controller(store: Path) -> None:
    """A face has started one, which would stay for minutes and keep the folder in use."""
    with open_session(str(store), create=False, read_only=True) as session:
        for (holder,) in session.query("SELECT holder FROM lease WHERE holder <> ''"):
            _, _, pid, _ = holder.split(":")
            os.kill(int(pid), signal.SIGTERM)
