"""A host with ten thousand domains: taken on, kept and watched within the budgets."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.processes import Controllers, Process, ended, submit
from vmconsole.store.session import open_session

FEW, MANY = 100, 10_000
BYTES_PER_VM = 20 * 1024
SETTLE = 4.0
"""Seconds for some sweeps."""
USUAL = ""
"""The settings as they come."""


def resident_bytes(process: Process) -> int:
    """Resident memory of a process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def cpu_seconds(process: Process) -> float:
    """Processor time a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.slow
def test_ten_thousand_domains_are_taken_on_and_cost_little(
    sqlite_path: str,
    host_uri: MakeUri,
    controllers: Controllers,
    record_property: Callable[[str, object], None],
    tmp_path: Path,
) -> None:
    sizes: dict[int, int] = {}
    for domains in (FEW, MANY):
        url = str(tmp_path / str(domains) / "vmconsole.db")
        with open_session(url, create=True) as session:
            process = controllers.start(url, settings=USUAL)
            controllers.wait_for_holder(url, process)
            begun = time.monotonic()
            uri = host_uri(f"h{domains}", domains=domains)
            written = time.monotonic() - begun
            identity = submit(url, session, "host.create", name="h1", uri=uri, import_all=True)
            document = ended(session, identity, 60)
            took = time.monotonic() - begun - written
            assert document["result"]["imported"] == domains, document
            time.sleep(SETTLE)
            sizes[domains] = resident_bytes(process)
            before = cpu_seconds(process)
            time.sleep(SETTLE)
            busy = (cpu_seconds(process) - before) / SETTLE
            assert session.query("SELECT COUNT(*) FROM vm WHERE lcm_state = 3") == [(domains,)]
            for name, value in (("import_seconds", took), ("rss_mib", sizes[domains] / 2**20), ("cpu_share", busy)):
                record_property(f"{name}_{domains}", round(value, 3))
                print(f"{name}_{domains} = {value:.3f}")
            begun = time.monotonic()
            assert ended(session, submit(url, session, "suspend", 0))["state"] == "done"
            assert time.monotonic() - begun < 15
            controllers.end(url, process)
            assert took < 120
            assert busy < 0.5
    per_vm = (sizes[MANY] - sizes[FEW]) / (MANY - FEW)
    print(f"bytes_per_vm = {per_vm:.0f}")
    record_property("bytes_per_vm", round(per_vm))
    assert per_vm <= BYTES_PER_VM
