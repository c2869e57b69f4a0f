"""The controller as a process: how it ends, and what the next one finds."""

from __future__ import annotations

import time

from tests.controller.conftest import MakeUri
from tests.controller.oracle import check
from tests.controller.processes import QUICK, Controllers, ended, holder_pid, submit
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session

HASTY = "idle_exit = 1\n" + QUICK


def place(session: Session, vm: int = 0) -> object:
    return at.by_numbers(*session.query("SELECT state, lcm_state FROM vm WHERE id = ?", (vm,))[0])


def taken_on(url: str, session: Session, uri: str) -> None:
    """Take a host on with all its domains as VMs."""
    document = ended(session, submit(url, session, "host.create", name="h1", uri=uri, import_all=True))
    assert document["state"] == "done", document


def test_a_controller_on_demand_ends_when_there_is_nothing_to_do(
    store_url: str, host_uri: MakeUri, controllers: Controllers
) -> None:
    with open_session(store_url, create=True) as session:
        process = controllers.start(store_url, on_demand=True, settings=HASTY)
        taken_on(store_url, session, host_uri(domains=1))
        assert process.wait(6) == 0
        assert session.query("SELECT holder FROM lease") == [("",)]
        check(session, resting=True)


def test_a_controller_on_demand_stays_while_a_vm_waits_for_a_place(
    sqlite_path: str, host_uri: MakeUri, controllers: Controllers
) -> None:
    with open_session(sqlite_path, create=True) as session:
        process = controllers.start(sqlite_path, on_demand=True, settings=HASTY)
        taken_on(sqlite_path, session, host_uri())
        ended(session, submit(sqlite_path, session, "vm.create", template="CPU = 100\nMEMORY = 1"))
        time.sleep(2)
        assert process.poll() is None
        ended(session, submit(sqlite_path, session, "terminate", 0))
        assert process.wait(6) == 0


def test_a_controller_told_to_end_leaves_within_seconds_and_the_next_goes_on(
    store_url: str, host_uri: MakeUri, controllers: Controllers
) -> None:
    settings = QUICK.replace("shutdown_timeout = 2", "shutdown_timeout = 3600")
    with open_session(store_url, create=True) as session:
        process = controllers.start(store_url, kill_at="", settings=settings)
        taken_on(store_url, session, host_uri(domains=2))
        with session.write():  # a VM whose host nobody reaches holds its operation up for as long as it takes
            session.execute(
                "INSERT INTO host (id, name, uri, cluster_id, state, connect_timeout, changed)"
                " VALUES (7, 'away', 'qemu+ssh://127.0.0.1:1/system', 0, 2, 5, ?)", (session.next_change(),),
            )  # fmt: skip
        waiting = submit(store_url, session, "suspend", 0)
        ended(session, waiting)
        with session.write():
            session.execute("UPDATE vm SET host_id = 7 WHERE id = 0")
            session.execute(
                "UPDATE vm SET state = 3, lcm_state = ?, busy = ? WHERE id = 0", (at.SAVE_SUSPEND.lcm, waiting)
            )
            session.execute(
                "UPDATE operation SET state = 'running', ended = NULL, owner = 'gone' WHERE id = ?", (waiting,)
            )
            session.execute("DELETE FROM operation_event WHERE operation_id = ? AND state = 'done'", (waiting,))
        controllers.end(store_url, process)
        process = controllers.start(store_url, settings=settings)
        controllers.wait_for_holder(store_url, process)
        time.sleep(1)
        begun = time.monotonic()
        controllers.end(store_url, process)
        assert time.monotonic() - begun < 25
        assert (session.query("SELECT holder FROM lease"), holder_pid(store_url)) == ([("",)], None)
        assert session.query("SELECT state FROM operation WHERE id = ?", (waiting,)) == [("running",)]
        with session.write():
            session.execute("UPDATE vm SET host_id = 0 WHERE id = 0")
        process = controllers.start(store_url, settings=settings)
        assert ended(session, waiting)["state"] == "done"
        assert place(session) is at.SUSPENDED
        controllers.end(store_url, process)
        check(session, resting=True)


def test_a_simulated_host_is_tomorrow_what_it_was_yesterday(
    store_url: str, host_uri: MakeUri, controllers: Controllers
) -> None:
    disk = 'CPU = "1"\nMEMORY = "64"\nDISK = [ TYPE = "fs", SIZE = "64" ]'
    with open_session(store_url, create=True) as session:
        process = controllers.start(store_url)
        taken_on(store_url, session, host_uri(domains=1))
        ended(session, submit(store_url, session, "vm.create", template=disk, name="vm-%i", multiple=6, hold=True))
        for vm in range(1, 7):
            assert ended(session, submit(store_url, session, "deploy", vm, host_id=0))["state"] == "done"
        for vm, command in (
            (0, "poweroff"),
            (2, "poweroff"),
            (3, "suspend"),
            (4, "pause"),
            (5, "undeploy"),
            (6, "terminate"),
        ):
            assert ended(session, submit(store_url, session, command, vm))["state"] == "done"
        yesterday = session.query("SELECT id, state, lcm_state, paused FROM vm ORDER BY id")
        controllers.end(store_url, process)

        process = controllers.start(store_url)
        controllers.wait_for_holder(store_url, process)
        deadline = time.monotonic() + 20
        while [row[0] for row in session.query("SELECT observed FROM vm WHERE id < 5 ORDER BY id")] != [5, 1, 5, 5, 3]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(2)  # some sweeps, enough for a missing domain to count as gone
        assert session.query("SELECT id, state, lcm_state, paused FROM vm ORDER BY id") == yesterday
        for vm in (0, 2, 3, 4, 5):
            assert ended(session, submit(store_url, session, "resume", vm))["state"] == "done"
        deadline = time.monotonic() + 10
        while place(session, 5) is not at.RUNNING:  # with the disk it left behind
            assert time.monotonic() < deadline, place(session, 5)
            time.sleep(0.05)
        assert [place(session, vm) for vm in range(5)] == [at.RUNNING] * 5
        controllers.end(store_url, process)
        check(session, resting=True)
