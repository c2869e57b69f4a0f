"""Real faults for every failure of the life-cycle, and every way out of each. `./run faults` is this test."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from .command import LabError
from .conftest import Publish
from .faults.agreement import left_behind
from .faults.faults import FAULTS
from .faults.table import rendered
from .faults.trial import Trial
from .field import POOL, field
from .herd import PATIENCE, Herd, listed
from .hosts import Lab
from .walk.expected import FAILED

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.mark.covers("ON-019", "ON-030")
def test_every_failure_is_left_by_every_recovery_and_nothing_stays_behind(
    lab: Lab, tmp_path: Path, publish: Publish
) -> None:
    assert {fault.failure for fault in FAULTS} == set(FAILED)
    begun = time.monotonic()
    with field(lab, tmp_path) as product:
        herd = Herd(product, lab)
        trial = Trial(herd)
        for fault in FAULTS:
            trial.of(fault)
        publish("the faults", rendered(trial.ways, time.monotonic() - begun))
        for vm in trial.forgotten:
            _clear_by_hand(lab, vm)
        product.run("recover", "--delete", listed(herd.born), "--yes", timeout=PATIENCE)
        product.eventually(lambda: {"left": left_behind(product, lab)}, lambda found: not found["left"], PATIENCE)
    assert [way for way in trial.ways if way.wrong] == []


def _clear_by_hand(lab: Lab, vm: int) -> None:
    """Remove what `--delete-db` leaves to whoever asked for it."""
    for host in lab.hosts:
        for words in (("destroy",), ("undefine", "--managed-save")):
            with suppress(LabError):
                host.virsh(*words, f"one-{vm}")
        host.run("sh", "-c", f"rm -f {POOL}/one-{vm}-* {POOL}/one-{vm}.*")
