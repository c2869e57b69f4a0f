"""What must hold in every store at which no controller is at work, whatever happened before."""

from __future__ import annotations

from vmconsole.lifecycle import states
from vmconsole.store.session import Session
from vmconsole.store.sqlite import SqliteSession


def check(session: Session, *, resting: bool = False) -> None:
    """Assert that VMs, operations, events and history agree.

    Args:
        resting: everything that was asked for is expected to have ended.
    """
    _check_vms(session)
    _check_operations(session, resting=resting)
    _check_history(session)
    if isinstance(session, SqliteSession):
        assert session.query("PRAGMA integrity_check") == [("ok",)]
        assert session.query("PRAGMA foreign_key_check") == []


def _check_vms(session: Session) -> None:
    rows = session.query(
        "SELECT vm.id, vm.state, vm.lcm_state, vm.busy, vm.host_id, operation.state, operation.vm_id FROM vm"
        " LEFT JOIN operation ON operation.id = vm.busy"
    )
    for number, state, lcm, busy, host_id, operation_state, about in rows:
        place = states.by_numbers(state, lcm)
        if busy:
            assert (operation_state, about) == ("running", number), (
                f"VM {number} is held by a {operation_state} operation"
            )
        assert busy or not place.is_transient or place is states.CLONING, f"VM {number} is {place}, and nobody is at it"
        assert (host_id is not None) == states.holds_capacity(place), f"VM {number} is {place} on host {host_id}"


def _check_operations(session: Session, *, resting: bool) -> None:
    events: dict[str, list[tuple[int, str]]] = {}
    for identity, sequence, state in session.query(
        "SELECT operation_id, seq, state FROM operation_event ORDER BY operation_id, seq"
    ):
        events.setdefault(identity, []).append((sequence, state))
    for identity, state, ended, command in session.query("SELECT id, state, ended, command FROM operation"):
        steps = events[identity]
        assert [sequence for sequence, _ in steps] == list(range(len(steps))), f"events of {command}"
        assert (steps[0][1], steps[-1][1]) == ("queued", state), f"{command} is {state}: {steps}"
        assert (ended is not None) == (state in ("done", "failed", "unknown", "cancelled"))
        assert sum(step in ("done", "failed", "unknown", "cancelled") for _, step in steps) <= 1
        assert not resting or ended is not None, f"{command} is {state}"


def _check_history(session: Session) -> None:
    records: dict[int, list[tuple[int, int, int | None]]] = {}
    for vm_id, *record in session.query("SELECT vm_id, seq, start_time, end_time FROM history ORDER BY vm_id, seq"):
        records.setdefault(vm_id, []).append((record[0], record[1], record[2]))
    for vm_id, stays in records.items():
        assert [sequence for sequence, _, _ in stays] == list(range(len(stays)))
        assert all(end is not None for _, _, end in stays[:-1]), f"VM {vm_id} has two open records"
        assert all(end is None or end >= start for _, start, end in stays)
