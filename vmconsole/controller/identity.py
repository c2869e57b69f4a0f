"""Which process this is, in a form that survives the reuse of process ids."""

from __future__ import annotations

import os
from pathlib import Path


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _machine_id() -> str:
    """The machine, and the process ids that count on it: those of another container mean other processes."""
    try:
        name = Path("/etc/machine-id").read_text().strip() or "unnamed"
    except OSError:
        name = "unnamed"
    return f"{name}/{os.stat('/proc/self/ns/pid').st_ino}"


def _start_ticks(pid: int) -> str | None:
    """Start time of a process in clock ticks since boot, None when there is no such process or it is a zombie."""
    try:
        # The name in brackets may itself hold spaces and brackets: read on behind the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def own() -> str:
    """This process: ``machine:boot:pid:start``."""
    pid = os.getpid()
    return f"{_machine_id()}:{_boot_id()}:{pid}:{_start_ticks(pid)}"


def proven_dead(identity: str) -> bool:
    """Whether the process is provably gone. Of a process on another machine nothing is provable."""
    machine, boot, pid, start = (identity.split(":") + [""] * 4)[:4]
    if machine != _machine_id():
        return False
    return boot != _boot_id() or not pid.isdigit() or _start_ticks(int(pid)) != start
