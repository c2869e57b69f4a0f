"""kill -9 at every border of every step, with controllers as processes of their own."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.oracle import check
from tests.controller.processes import Controllers, ended, submit
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import Position
from vmconsole.store.session import Session, open_session

LIFE: tuple[tuple[str, str, Position, int | None], ...] = (
    ("deploy", "boot", at.RUNNING, 1),
    ("suspend", "save", at.SUSPENDED, 5),
    ("resume", "restore", at.RUNNING, 1),
    ("poweroff", "shutdown", at.POWEROFF, 5),
    ("terminate", "epilog", at.DONE, None),
)
"""Operation, the step at whose borders the controller dies, where the VM ends, and the domain's state there."""

OTHER_LIFE = (
    ("deploy", "prolog", at.RUNNING, 1),
    ("pause", "pause", at.SUSPENDED, 3),
    ("resume", "unpause", at.RUNNING, 1),
    ("undeploy", "store", at.UNDEPLOYED, None),
    ("terminate", "epilog", at.DONE, None),
)

DISK = 'NAME = "web"\nCPU = "1"\nMEMORY = "64"\nDISK = [ TYPE = "fs", SIZE = "64" ]'


@pytest.mark.slow
@pytest.mark.parametrize("life", [LIFE, OTHER_LIFE], ids=["life", "other-life"])
@pytest.mark.parametrize("border", ["claimed", "before", "called", "recorded"])
def test_a_killed_controller_leaves_nothing_half_done(
    store_url: str,
    host_uri: MakeUri,
    controllers: Controllers,
    border: str,
    life: tuple[tuple[str, str, Position, int]],
) -> None:
    with open_session(store_url, create=True) as session:
        kills = [
            f"{command}:{border}" if border == "claimed" else f"{command}:{step}:{border}"
            for command, step, _, _ in life
        ]
        process = controllers.start(store_url, kill_at=kills[0])
        host = ended(session, submit(store_url, session, "host.create", name="h1", uri=host_uri()))
        made = ended(session, submit(store_url, session, "vm.create", template=DISK, hold=True))
        vm, host_id = made["result"]["vm_ids"][0], host["result"]["host_id"]
        for index, (command, _, place, power) in enumerate(life):
            arguments = {"host_id": host_id} if command == "deploy" else {}
            identity = submit(store_url, session, command, vm, **arguments)
            assert process.wait(20) == -signal.SIGKILL, "the border was not reached"
            process = controllers.start(store_url, kill_at=kills[index + 1] if index + 1 < len(kills) else "")
            document = ended(session, identity)
            assert document["state"] == "done", (command, document["error"])
            assert document["attempt"] <= 2
            assert at.by_numbers(*session.query("SELECT state, lcm_state FROM vm WHERE id = ?", (vm,))[0]) is place
            observe(session, vm, power)
        controllers.end(store_url, process)
        check(session, resting=True)
        assert session.query("SELECT COUNT(*) FROM operation") == [(2 + len(life),)]


def observe(session: Session, vm: int, power: int | None) -> None:
    """Wait until the host is seen to agree with the store, and see that no sweep says otherwise."""
    if power is None:
        return
    deadline = time.monotonic() + 10
    while session.query("SELECT observed FROM vm WHERE id = ?", (vm,)) != [(power,)]:
        assert time.monotonic() < deadline, session.query("SELECT observed FROM vm WHERE id = ?", (vm,))
        time.sleep(0.05)


@pytest.mark.parametrize("border", ["claimed", "called"])
def test_what_is_made_in_one_transaction_is_made_once(
    store_url: str, host_uri: MakeUri, controllers: Controllers, border: str
) -> None:
    with open_session(store_url, create=True) as session:
        wishes: tuple[tuple[str, dict[str, Any], str], ...] = (
            ("host.create", {"name": "h1", "uri": host_uri(domains=3), "import_all": True}, "host"),
            ("vm.create", {"template": DISK, "hold": True, "multiple": 2, "name": "web-%i"}, "vm"),
        )
        for command, arguments, table in wishes:
            before = session.query(f"SELECT COUNT(*) FROM {table}")[0][0]
            process = controllers.start(store_url, kill_at=f"{command}:{border}")
            identity = submit(store_url, session, command, **arguments)
            assert process.wait(20) == -signal.SIGKILL
            process = controllers.start(store_url)
            assert ended(session, identity)["state"] == "done"
            made = session.query(f"SELECT COUNT(*) FROM {table}")[0][0] - before
            assert made == (1 if table == "host" else 2)
            controllers.end(store_url, process)
        check(session, resting=True)


@pytest.mark.parametrize(("border", "state"), [("claimed", "done"), ("sent", "unknown")])
def test_a_reboot_is_not_repeated_once_it_was_sent(
    sqlite_path: str, host_uri: MakeUri, controllers: Controllers, border: str, state: str
) -> None:
    with open_session(sqlite_path, create=True) as session:
        process = controllers.start(sqlite_path, kill_at=f"reboot:{border}")
        ended(session, submit(sqlite_path, session, "host.create", name="h1", uri=host_uri(domains=1), import_all=True))
        identity = submit(sqlite_path, session, "reboot", 0)
        assert process.wait(20) == -signal.SIGKILL
        process = controllers.start(sqlite_path)
        document = ended(session, identity)
        assert document["state"] == state, document
        controllers.end(sqlite_path, process)
        check(session, resting=True)


@pytest.mark.parametrize(("command", "place"), [("recover-success", at.POWEROFF), ("recover-failure", at.RUNNING)])
def test_a_recovery_cut_short_is_still_the_recovery_that_was_asked_for(
    sqlite_path: str, host_uri: MakeUri, controllers: Controllers, tmp_path: Path, command: str, place: Position
) -> None:
    with open_session(sqlite_path, create=True) as session:
        process = controllers.start(sqlite_path, kill_at="poweroff:shutdown:before")
        ended(session, submit(sqlite_path, session, "host.create", name="h1", uri=host_uri(domains=1), import_all=True))
        stuck = submit(sqlite_path, session, "poweroff", 0)
        assert process.wait(20) == -signal.SIGKILL
        recovery = submit(sqlite_path, session, command, 0)
        process = controllers.start(sqlite_path, kill_at=f"{command}:claimed")
        assert process.wait(20) == -signal.SIGKILL
        process = controllers.start(sqlite_path)
        document = ended(session, recovery)
        stuck_document = ended(session, stuck)
        if stuck_document["state"] == "done":  # it was faster than the recovery
            assert document["state"] == "failed"
        else:
            assert (document["state"], stuck_document["state"]) == ("done", "cancelled")
            assert at.by_numbers(*session.query("SELECT state, lcm_state FROM vm WHERE id = 0")[0]) is place
        controllers.end(sqlite_path, process)
        check(session, resting=True)
