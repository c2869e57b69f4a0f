"""Controllers as processes of their own, and the faces' side of the store."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.controller.rig import insert
from vmconsole.controller import identity
from vmconsole.controller.borders import VARIABLE
from vmconsole.store import operations
from vmconsole.store.location import run_dir
from vmconsole.store.session import Session, open_session
from vmconsole.store.wakeup import nudge

Process = subprocess.Popen[bytes]

QUICK = """
sweep_period = 0.2
placement_period = 0.3
shutdown_timeout = 2
missing_reports = 2
"""


class Controllers:
    """Starts controllers and ends every one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Process] = []

    def start(self, url: str, *, on_demand: bool = False, kill_at: str = "", settings: str = QUICK) -> Process:
        """Start a controller.

        Args:
            kill_at: border at which it is to kill itself.
            settings: its configuration file.
        """
        config = self._folder / f"settings-{len(self._started)}.toml"
        config.write_text(settings)
        environment = {**os.environ, "VMCONSOLE_DB": url, VARIABLE: kill_at}
        words = [sys.executable, "-m", "vmconsole", "--config", str(config), "controller"]
        with (self._folder / "controller.err").open("ab") as errors:
            started = subprocess.Popen(
                [*words, *(["--on-demand"] if on_demand else [])],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=environment,
            )  # fmt: skip
        self._started.append(started)
        return started

    def wait_for_holder(self, url: str, process: Process) -> None:
        """Return when the process holds the store's lease."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            assert process.poll() is None, (self._folder / "controller.err").read_text()[-2000:]
            if holder_pid(url) == process.pid:
                return
            time.sleep(0.05)
        raise AssertionError(f"controller {process.pid} did not get the lease")

    def end(self, url: str, process: Process) -> None:
        """Tell a controller that holds the lease to end, and see that it does so in good order."""
        self.wait_for_holder(url, process)
        process.terminate()
        assert process.wait(15) == 0, (self._folder / "controller.err").read_text()[-2000:]

    def stop(self) -> None:
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait(10)


def holder_pid(url: str) -> int | None:
    """Process id of the living holder of the store's lease."""
    if not (url.startswith("postgresql:") or Path(url).exists()):
        return None
    with open_session(url, create=True) as session:
        rows = session.query("SELECT holder FROM lease")
    if not rows or not rows[0][0] or identity.proven_dead(rows[0][0]):
        return None
    return int(rows[0][0].split(":")[2])


def submit(url: str, session: Session, command: str, vm: int | None = None, **arguments: Any) -> str:
    """Queue an operation as a face does; returns its id."""
    with session.write():
        identity_ = insert(session, command, vm, arguments)
    nudge(run_dir(url))
    return identity_


def ended(session: Session, identity_: str, within: float = 20) -> dict[str, Any]:
    """The operation's document when it has ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        document = operations.get(session, identity_)
        if document is not None and document["state"] in operations.ENDED:
            return document
        time.sleep(0.02)
    raise AssertionError(f"operation has not ended: {operations.get(session, identity_)}")
