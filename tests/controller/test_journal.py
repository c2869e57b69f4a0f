"""Operations and VM states change together, or not at all."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.controller.oracle import check
from tests.controller.rig import insert
from vmconsole.controller.job import Job
from vmconsole.controller.journal import Journal
from vmconsole.controller.lease import Lease
from vmconsole.controller.vm_rows import Superseded
from vmconsole.errors import Conflict, Failed
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.stages import Outcome
from vmconsole.lifecycle.states import Position
from vmconsole.store import operations
from vmconsole.store.session import Session

if TYPE_CHECKING:
    from vmconsole.store.session import Store


class Desk:
    """A journal over a store with one host, and the VMs that tests put there."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.seconds = itertools.count(1000)
        lease = Lease(session, permanent=True)
        assert lease.acquire()
        self.journal = Journal(session, lease, lambda: float(next(self.seconds)))
        with session.write():
            session.execute(
                "INSERT INTO host (id, name, uri, cluster_id, state, connect_timeout) VALUES (0, 'h', 'u', 0, 2, 1)"
            )

    def vm(self, number: int, place: Position) -> int:
        host = 0 if at.holds_capacity(place) else None
        with self.session.write():
            self.session.execute(
                "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
                " state_since, host_id, start_time, cpu, vcpu, memory_mib)"
                " VALUES (?, ?, ?, 0, 0, 384, ?, ?, ?, ?, 0, ?, 0, 1, 1, 64)",
                (number, f"u{number}", f"vm{number}", place.state, place.lcm, place.state, place.lcm, host),
            )
            if host is not None:
                self.session.execute(
                    "INSERT INTO history (vm_id, seq, host_id, host_name, start_time, running_start)"
                    " VALUES (?, 0, 0, 'h', 1, 1)",
                    (number,),
                )
        return number

    def ask(self, command: str, vm: int, **arguments: Any) -> str:
        with self.session.write():
            return insert(self.session, command, vm, arguments)

    def begin(self, identity: str) -> Job | None:
        return self.journal.begin(identity, lambda job, asked, flow: None)

    def begun(self, command: str, vm: int, **arguments: Any) -> Job:
        job = self.begin(self.ask(command, vm, **arguments))
        assert job is not None
        return job

    def place(self, vm: int) -> Position:
        return at.by_numbers(*self.session.query("SELECT state, lcm_state FROM vm WHERE id = ?", (vm,))[0])

    def state(self, identity: str) -> str:
        return operations.states(self.session, [identity])[identity]


@pytest.fixture
def desk(session: Session) -> Iterator[Desk]:
    desk = Desk(session)
    yield desk
    check(session)


def mark(store: Store) -> None:
    """An effect that can be seen."""
    store.execute("INSERT INTO meta (key, value) VALUES ('effect', '')")


def marked(desk: Desk) -> bool:
    return bool(desk.session.query("SELECT 1 FROM meta WHERE key = 'effect'"))


def test_an_operation_takes_its_vm_through_the_chain_and_frees_it(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("terminate", vm)
    assert (desk.place(vm), desk.state(job.id)) == (at.SHUTDOWN, "running")
    desk.journal.advance(job, Outcome.SUCCESS)
    assert desk.place(vm) is at.EPILOG
    desk.journal.advance(job, Outcome.SUCCESS, effect=mark)
    assert (desk.place(vm), desk.state(job.id), marked(desk)) == (at.DONE, "done", True)
    assert desk.session.query("SELECT busy, host_id FROM vm") == [(None, None)]


def test_the_clocks_of_the_history_follow_the_stages(desk: Desk) -> None:
    vm = desk.vm(1, at.PENDING)
    job = desk.begun("deploy", vm, host_id=0)
    for _ in range(2):
        desk.journal.advance(job, Outcome.SUCCESS)
    job = desk.begun("terminate", vm)
    for _ in range(2):
        desk.journal.advance(job, Outcome.SUCCESS)
    clocks = desk.session.query(
        "SELECT start_time, prolog_start, prolog_end, running_start, running_end, epilog_start, epilog_end, end_time,"
        " action FROM history"
    )
    assert len(clocks) == 1
    *times, action = clocks[0]
    assert None not in times
    assert times == sorted(times)
    assert action == "terminate"


def test_a_failed_step_goes_where_the_table_says_and_tells_why(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("suspend", vm)
    desk.journal.advance(job, Outcome.FAILURE, error=Failed("no", code="HOST_REFUSED"))
    assert (desk.place(vm), desk.state(job.id)) == (at.RUNNING, "failed")
    document = operations.get(desk.session, job.id)
    assert document is not None
    assert document["error"]["code"] == "HOST_REFUSED"
    assert desk.session.query("SELECT action FROM history") == [("none",)]


def test_a_superseded_job_changes_nothing_any_more(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    graceful = desk.begun("poweroff", vm)
    hard = desk.begun("poweroff-hard", vm)
    assert (hard.superseded, desk.state(graceful.id)) == (graceful.id, "cancelled")
    lates: tuple[Callable[[], None], ...] = (
        lambda: desk.journal.advance(graceful, Outcome.SUCCESS, effect=mark),
        lambda: desk.journal.finish(graceful, effect=mark),
        lambda: desk.journal.fail(graceful, Failed("late"), effect=mark),
        lambda: desk.journal.forget(graceful),
        lambda: desk.journal.mark_sent(graceful),
    )
    for late in lates:
        with pytest.raises(Superseded):
            late()
    assert (marked(desk), desk.place(vm)) == (False, at.SHUTDOWN_POWEROFF)
    desk.journal.advance(hard, Outcome.SUCCESS)
    assert desk.place(vm) is at.POWEROFF


def test_a_job_whose_vm_was_moved_by_another_changes_nothing(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("suspend", vm)
    with desk.session.write():
        desk.session.execute("UPDATE vm SET state = 8, lcm_state = 0")
    with pytest.raises(Superseded):
        desk.journal.advance(job, Outcome.SUCCESS, effect=mark)
    assert not marked(desk)
    assert job.position is at.SAVE_SUSPEND
    with desk.session.write():
        desk.session.execute("UPDATE vm SET state = 3, lcm_state = ?", (at.SAVE_SUSPEND.lcm,))


def test_an_advance_that_was_not_written_can_be_written_again(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("suspend", vm)

    def refuse(store: Store) -> None:
        raise Conflict("not now")

    with pytest.raises(Conflict):
        desk.journal.advance(job, Outcome.SUCCESS, effect=refuse)
    assert (job.position, desk.place(vm)) == (at.SAVE_SUSPEND, at.SAVE_SUSPEND)
    desk.journal.advance(job, Outcome.SUCCESS, effect=mark)
    assert (desk.place(vm), marked(desk)) == (at.SUSPENDED, True)


def test_one_operation_at_a_time_holds_a_vm(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    first = desk.begun("poweroff", vm)
    second = desk.ask("suspend", vm)
    assert desk.journal.queued() == []
    assert desk.begin(second) is None
    assert desk.state(second) == "queued"
    desk.journal.advance(first, Outcome.SUCCESS)
    assert desk.journal.queued() == [(second, vm)]
    assert desk.begin(second) is None
    document = operations.get(desk.session, second)
    assert document is not None
    assert (document["state"], document["error"]["class"]) == ("failed", "CONFLICT")
    assert desk.place(vm) is at.POWEROFF


def test_what_is_refused_while_it_is_begun_changes_nothing_but_the_operation(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    before = desk.session.query("SELECT * FROM vm")
    identity = desk.ask("suspend", vm)

    def refuse(*_: object) -> None:
        raise Failed("not here", code="NOT_IMPLEMENTED")

    assert desk.journal.begin(identity, refuse) is None
    assert desk.state(identity) == "failed"
    assert desk.session.query("SELECT * FROM vm") == before


def test_a_vm_that_is_deleted_away_from_its_files_leaves_their_clearing_to_an_operation(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    with desk.session.write():
        desk.session.execute(
            "INSERT INTO disk (vm_id, disk_id, host_id, type, target, volume)"
            " VALUES (1, 0, 0, 'fs', 'vda', 'one-1-disk-0')"
        )
    job = desk.begun("delete", vm)
    desk.journal.advance(job, Outcome.SUCCESS, target=None if job.position is at.CLEANUP_DELETE else target(at.DONE))
    if desk.place(vm) is not at.DONE:
        desk.journal.advance(job, Outcome.SUCCESS)
    assert desk.place(vm) is at.DONE
    queued = desk.session.query("SELECT arguments FROM operation WHERE command = 'vm.cleanup' AND state = 'queued'")
    assert queued == [('{"vm_id": 1, "host_id": 0}',)]


def target(place: Position) -> Any:
    from vmconsole.lifecycle.stages import Target

    return Target(place)


def test_forgetting_a_vm_queues_nothing(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    with desk.session.write():
        desk.session.execute(
            "INSERT INTO disk (vm_id, disk_id, host_id, type, target, volume)"
            " VALUES (1, 0, 0, 'fs', 'vda', 'one-1-disk-0')"
        )
    desk.journal.forget(desk.begun("delete-db", vm))
    assert (desk.place(vm), desk.journal.queued()) == (at.DONE, [])


def test_a_vm_that_is_done_gives_everything_back(desk: Desk) -> None:
    vm = desk.vm(1, at.POWEROFF)
    with desk.session.write():
        for number in (1, 2):
            desk.session.execute(
                "INSERT INTO image (id, name, user_id, group_id, mode, datastore_id, type, state, registered)"
                " VALUES (?, ?, 0, 0, 384, 1, 'OS', 'used', 0)", (number, f"image-{number}"),
            )  # fmt: skip
        desk.session.execute(
            "INSERT INTO disk (vm_id, disk_id, image_id, type, target) VALUES (1, 0, 1, 'file', 'vda')"
        )
        desk.session.execute(
            "INSERT INTO disk (vm_id, disk_id, image_id, type, target) VALUES (1, 1, 2, 'file', 'vdb')"
        )
    desk.vm(2, at.POWEROFF)
    with desk.session.write():
        desk.session.execute(
            "INSERT INTO disk (vm_id, disk_id, image_id, type, target) VALUES (2, 0, 2, 'file', 'vda')"
        )
        desk.session.execute(
            "INSERT INTO network_lease (network_id, mac, vm_id, nic_id) SELECT MIN(id), 'aa', 1, 0 FROM network"
        )
        desk.session.execute(
            "INSERT INTO schedule (id, vm_id, number, action, time, next, user_id) VALUES (1, 1, 0, 'suspend', 5, 5, 0)"
        )
    desk.journal.advance(desk.begun("terminate", vm), Outcome.SUCCESS)
    assert desk.session.query("SELECT id, state FROM image ORDER BY id") == [(1, "rdy"), (2, "used")]
    assert desk.session.query("SELECT 1 FROM network_lease") == []
    assert desk.session.query("SELECT next, enabled FROM schedule") == [(None, 0)]
    assert desk.session.query("SELECT end_time IS NOT NULL FROM vm WHERE id = 1") in ([(1,)], [(True,)])


def test_what_a_controller_that_is_gone_had_begun_is_taken_over_once(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("suspend", vm)
    with desk.session.write():
        desk.session.execute("UPDATE operation SET owner = 'gone'")
    (orphan,) = desk.journal.orphans()
    assert (orphan.id, orphan.again, orphan.position, orphan.attempt) == (job.id, True, at.SAVE_SUSPEND, 2)
    assert desk.journal.orphans() == []
    desk.journal.advance(orphan, Outcome.SUCCESS)
    assert desk.place(vm) is at.SUSPENDED


def test_events_tell_the_whole_story_in_order(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("suspend", vm)
    desk.journal.wait_for_host(job, Failed("silent"))
    desk.journal.resume_work(job)
    desk.journal.advance(job, Outcome.SUCCESS)
    told = [(event["state"], event["position"], event["note"]) for event in operations.events(desk.session, job.id)]
    assert told == [
        ("queued", "", ""),
        ("running", "", ""),
        ("running", "SAVE_SUSPEND", ""),
        ("running", "", "waiting: silent"),
        ("running", "SUSPENDED", ""),
        ("done", "", ""),
    ]


def test_progress_after_the_end_is_not_written(desk: Desk) -> None:
    vm = desk.vm(1, at.RUNNING)
    job = desk.begun("suspend", vm)
    desk.journal.progress(job.id, 50, 200)
    document = operations.get(desk.session, job.id)
    assert document is not None
    assert (document["progress"], document["bytes_done"], document["bytes_total"]) == (25.0, 50, 200)
    desk.journal.advance(job, Outcome.SUCCESS)
    desk.journal.progress(job.id, 60, 200)
    document = operations.get(desk.session, job.id)
    assert document is not None
    assert (document["progress"], document["bytes_done"]) == (100, 50)


def test_nothing_of_it_costs_more_than_a_moment(desk: Desk) -> None:
    """Everything here runs in the event loop; a thousand VMs that wait must not stop the sweeps."""
    vm = desk.vm(1, at.RUNNING)
    held = desk.begun("suspend", vm)
    with desk.session.write():
        for _ in range(1000):
            insert(desk.session, "resume", vm, {})
    begun = time.monotonic()
    assert desk.journal.queued() == []
    assert time.monotonic() - begun < 5
    desk.journal.advance(held, Outcome.SUCCESS)
