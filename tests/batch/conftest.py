"""The program as scripts call it, on a store of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch import rows
from tests.batch.rows import ROOT as FOUNDER
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 60.0


class Program:
    """Runs command lines in processes of their own."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.environ = {
            **os.environ, "PYTHONPATH": str(ROOT), "VMCONSOLE_DB": str(store), "TZ": "UTC", "COLUMNS": "80",
        }  # fmt: skip
        for name in ("VMCONSOLE_CONFIG", "VMCONSOLE_TRACEBACK", "NO_COLOR"):
            self.environ.pop(name, None)

    def command(self, *words: str | Path) -> list[str]:
        """The argument list of a command line."""
        return [sys.executable, "-m", "vmconsole", *map(str, words)]

    def __call__(self, *words: str | Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command line; nobody is there to be asked."""
        return subprocess.run(
            self.command(*words),
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            env={**self.environ, **environ},
        )

    def json(self, *words: str | Path) -> Any:
        """The document a command line that succeeds answers with."""
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def vm_state(self, number: int) -> str:
        """Short state of a VM."""
        return str(self.json("show", str(number))["stat"])

    def wait_until(self, number: int, stat: str) -> None:
        """Wait until a VM has this short state."""
        deadline = time.monotonic() + DEADLINE
        while (seen := self.vm_state(number)) != stat:
            assert time.monotonic() < deadline, f"VM {number} is {seen}, not {stat}"
            time.sleep(0.1)

    def controllers(self) -> list[int]:
        """Process ids of the controllers that hold a lease of the store."""
        with open_session(str(self.store), create=False) as session:
            return [int(row[0].split(":")[2]) for row in session.query("SELECT holder FROM lease WHERE holder <> ''")]

    def end_controller(self) -> None:
        """Stop the controller that a command has started, and wait until it is gone."""
        for pid in self.controllers() if self.store.exists() else ():
            try:
                os.kill(pid, signal.SIGTERM)
                deadline = time.monotonic() + DEADLINE
                while time.monotonic() < deadline:
                    os.kill(pid, 0)
                    time.sleep(0.05)
            except ProcessLookupError:
                continue


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """The program on a store that does not exist yet; a controller it starts is stopped afterwards."""
    running = Program(tmp_path / "store" / "vmconsole.db")
    yield running
    running.end_controller()


@pytest.fixture
def people(session: Session) -> dict[str, User]:
    """An owner, somebody of the same group, and a stranger; VM 0 is the owner's and runs."""
    rows.insert(session, "user_group", id=100, name="team")
    rows.host(session, 0, "h0")
    people = {
        "root": FOUNDER,
        "owner": rows.user(session, 1, "owner", group=100),
        "mate": rows.user(session, 2, "mate", group=100),
        "stranger": rows.user(session, 3, "stranger"),
    }
    rows.vm(session, 0, "web", at.RUNNING, user_id=1, group_id=100, host_id=0)
    return people


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program on a store with one host of libvirt's test driver, and VMs 0 to 9 on hold."""
    folder = tmp_path_factory.mktemp("fleet")
    running = Program(folder / "store" / "vmconsole.db")
    template = folder / "small.tmpl"
    template.write_text('CPU = "0.1"\nVCPU = "1"\nMEMORY = "16"\nDESCRIPTION = "from a file"\n')
    try:
        assert running("host", "create", "test:///default", "--name", "h1").returncode == 0
        made = running("create", template, "--hold", "--name", "vm%i", "--multiple", "10")
        assert made.stdout == "".join(f"VM ID: {number}\n" for number in range(10)), made.stderr
        yield running
    finally:
        running.end_controller()
