"""A throw-away store for the demo: made for one run of the console, and gone with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time

from vmconsole.store.session import open_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LEAVE_WITHIN = 5.0
"""Seconds the demo's controller may take to end."""


@contextlib.contextmanager
def throw_away_store() -> Iterator[str]:
    """The URL of a new store in a private folder; its controller is ended and the folder removed afterwards."""
    folder = tempfile.mkdtemp(prefix="vmconsole-demo-")
    url = os.path.join(folder, "demo.db")
    try:
        yield url
    finally:
        _end_controller(url)
        shutil.rmtree(folder, ignore_errors=True)


def _end_controller(url: str) -> None:
    """Tell the demo's controller to stop, and wait until it has given the lease back."""
    with open_session(url, create=True) as session:
        held = session.query("SELECT holder FROM lease WHERE holder <> ''")
        if not held:
            return
        pid = int(held[0][0].split(":")[2])
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + LEAVE_WITHIN
        while time.monotonic() < deadline and session.query("SELECT 1 FROM lease WHERE holder <> ''"):
            time.sleep(0.02)
