"""Rows: a cold process lists 10,000 VMs, as a table and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.fill import fill
from tests.bench.measuring import Row, against, in_turns, process

VMS = 10_000
ROUNDS = 15
FLOORS = Path(__file__).parent / "floors"
PROGRAM = Path(sys.executable).with_name("vmconsole")


def rows(work: Path) -> Iterator[Row]:
    store = work / "listing" / "vmconsole.db"
    fill(store, VMS)

    floor = process(sys.executable, FLOORS / "table.py", store)
    ours = process(PROGRAM, "--batch", "--db", store, "list")
    assert floor().count(b"\n") == ours().count(b"\n") - 1 == VMS
    yield against(f"list of {VMS:,} VMs, cold", *in_turns(floor, ours, ROUNDS), times=2.0)

    floor = process(sys.executable, FLOORS / "documents.py", store)
    ours = process(PROGRAM, "--batch", "--db", store, "list", "--json")
    assert len(json.loads(floor())) == VMS
    assert sum(bool(vm["disks"] and vm["nics"]) for vm in json.loads(ours())) == VMS
    yield against(f"list of {VMS:,} VMs as JSON, cold", *in_turns(floor, ours, ROUNDS), times=2.0)
