"""The ssh processes that carry connections: children of the threads that opened them."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def of(thread: int) -> set[int]:
    """The processes that a thread of this process has started and that still are."""
    try:
        return {int(pid) for pid in Path(f"/proc/self/task/{thread}/children").read_text().split()}
    except OSError:
        return set()


def kill(pid: int) -> None:
    """Kill a child of this process, with the helpers of its own session; a recycled number is left alone."""
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        if parent != os.getpid():
            return
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except (OSError, ValueError):
        return
