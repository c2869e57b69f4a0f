"""Processes of this machine and the pid namespaces they are in."""

from __future__ import annotations

import os
from pathlib import Path

from .command import LabError


def beside(init: int, program: str = "") -> list[int]:
    """All processes in the pid namespace of the process `init`, or those of them that run `program`."""
    space = _space(init)
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    inside = [pid for pid in pids if space and _space(pid) == space]
    return [pid for pid in inside if _runs(pid, program)] if program else inside


def number_inside(pid: int) -> str:
    """The number that a process has in its own pid namespace."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return line.split()[-1]
    raise LabError(f"the kernel does not tell the namespaces of process {pid}")


def _space(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:  # it ended meanwhile, or is a zombie
        return ""


def _runs(pid: int, program: str) -> bool:
    try:
        # The kernel keeps 15 characters of a name.
        return Path(f"/proc/{pid}/comm").read_text().strip() == program[:15]
    except OSError:
        return False
