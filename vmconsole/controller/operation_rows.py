"""The rows of operations as the controller writes them, each method within a transaction that the caller has begun."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from vmconsole.controller.job import Job
from vmconsole.lifecycle import actions
from vmconsole.lifecycle.steps import Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmconsole.controller.lease import Lease
    from vmconsole.errors import VmconsoleError
    from vmconsole.store.session import Store

_COLUMNS = "id, command, arguments, user_id, asked_by, face, vm_id, host_id, attempt, variant, step"


class OperationRows:
    """Reads and writes the tables `operation` and `operation_event` for one holder of the lease.

    Args:
        clock: Unix seconds now.
        on_end: called within the transaction that ends an operation; it may only take note.
    """

    def __init__(self, store: Store, lease: Lease, clock: Callable[[], float], on_end: Callable[[], None]) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._on_end = on_end

    def queued(self) -> list[tuple[str, int | None]]:
        """(id, VM) of the operations that wait and could be begun, oldest first."""
        rows = self._store.query(
            "SELECT operation.id, operation.vm_id, operation.command, vm.busy FROM operation"
            " LEFT JOIN vm ON vm.id = operation.vm_id WHERE operation.state = 'queued' ORDER BY operation.seq"
        )
        return [(identity, vm_id) for identity, vm_id, command, busy in rows if not busy or _cuts_in(command)]

    def unwanted(self) -> list[str]:
        """Running operations that somebody wants called off."""
        rows = self._store.query("SELECT id FROM operation WHERE state = 'running' AND cancel_requested = 1")
        return [row[0] for row in rows]

    def load(self, operation_id: str, state: str) -> Job | None:
        """The job of an operation in that state; None when there is none."""
        rows = self._store.query(f"SELECT {_COLUMNS} FROM operation WHERE id = ? AND state = ?", (operation_id, state))
        if not rows:
            return None
        identity_, command, arguments, user_id, asked_by, face, vm_id, host_id, attempt, variant, step = rows[0]
        return Job(
            identity_, command, json.loads(arguments), user_id, asked_by, face, vm_id, host_id, attempt,
            Variant(variant) if is_action(command) else Variant.PLAIN, None, lambda done, total: None, step=step,
        )  # fmt: skip

    def mine(self, job: Job) -> bool:
        """Whether the operation is still this controller's to carry out."""
        rows = self._store.query("SELECT state, owner FROM operation WHERE id = ?", (job.id,))
        return bool(rows) and rows[0] == ("running", self._lease.holder)

    def take(self, job: Job) -> None:
        """From queued to running."""
        job.attempt = 1
        self._store.execute(
            "UPDATE operation SET state = 'running', owner = ?, fence = ?, attempt = 1, started = ?, variant = ?,"
            " changed = ? WHERE id = ? AND state = 'queued'",
            (
                self._lease.holder, self._lease.token, self._clock(), str(job.variant), self._store.next_change(),
                job.id,
            ),
        )  # fmt: skip
        self.event(job, "running")

    def orphans(self) -> list[Job]:
        """Running operations of controllers that are gone, now this one's."""
        found = []
        for (operation_id,) in self._store.query(
            "SELECT id FROM operation WHERE state = 'running' AND owner <> ? ORDER BY seq", (self._lease.holder,)
        ):
            job = self.load(operation_id, "running")
            assert job is not None
            job.attempt += 1
            self._store.execute(
                "UPDATE operation SET owner = ?, fence = ?, attempt = ? WHERE id = ?",
                (self._lease.holder, self._lease.token, job.attempt, job.id),
            )
            found.append(job)
        return found

    def set_arguments(self, job: Job, arguments: dict[str, Any]) -> None:
        """What the operation is about is known more closely now."""
        job.arguments = arguments
        self._store.execute("UPDATE operation SET arguments = ? WHERE id = ?", (json.dumps(arguments), job.id))

    def mark_sent(self, job: Job) -> None:
        """A call that must not be repeated is about to be made."""
        self._store.execute("UPDATE operation SET sent = 1 WHERE id = ?", (job.id,))

    def was_sent(self, job: Job) -> bool:
        """Whether a call that must not be repeated may have been made."""
        return bool(self._store.query("SELECT sent FROM operation WHERE id = ?", (job.id,))[0][0])

    def step(self, job: Job) -> None:
        """The operation is at the step of the position its VM has come to."""
        assert job.position is not None
        self._store.execute(
            "UPDATE operation SET step = ?, progress = NULL, bytes_done = NULL, bytes_total = NULL,"
            " moving_since = NULL, changed = ?"
            " WHERE id = ?",
            (job.position.name.lower(), self._store.next_change(), job.id),
        )

    def annotate(self, job: Job, note: str, error: VmconsoleError | None) -> None:
        """Say what a running operation waits for; an empty note takes that back."""
        self._store.execute(
            "UPDATE operation SET note = ?, error = ?, changed = ? WHERE id = ? AND state = 'running'",
            (note, json.dumps(error.document()) if error else None, self._store.next_change(), job.id),
        )
        if note:
            self.event(job, "running", note)

    def progress(self, job_id: str, done: int, total: int) -> None:
        """Bytes done and in all; the percentage follows."""
        percent = round(100 * done / total, 1) if total else None
        self._store.execute(
            "UPDATE operation SET bytes_done = ?, bytes_total = ?, progress = ?, changed = ?,"
            " moving_since = COALESCE(moving_since, ?) WHERE id = ? AND state = 'running'",
            (done, total or None, percent, self._store.next_change(), self._clock(), job_id),
        )

    def add_result(self, job: Job, result: dict[str, Any] | None) -> None:
        """Add to what the operation has to tell."""
        if result:
            rows = self._store.query("SELECT result FROM operation WHERE id = ?", (job.id,))
            merged = {**json.loads(rows[0][0]), **result}
            self._store.execute("UPDATE operation SET result = ? WHERE id = ?", (json.dumps(merged), job.id))

    def end(self, job: Job, state: str, *, error: VmconsoleError | None = None) -> None:
        """The operation is over."""
        self._store.execute(
            "UPDATE operation SET state = ?, ended = ?, error = ?, note = '', changed = ?,"
            " progress = CASE WHEN ? = 'done' THEN 100 ELSE progress END WHERE id = ?",
            (
                state, self._clock(), json.dumps(error.document()) if error else None, self._store.next_change(), state,
                job.id,
            ),
        )  # fmt: skip
        self.event(job, state, error.message if error else "")
        self._on_end()

    def refuse(self, operation_id: str, error: VmconsoleError) -> None:
        """End a queued operation that cannot even be read."""
        self._store.execute(
            "UPDATE operation SET state = 'failed', ended = ?, error = ?, changed = ?"
            " WHERE id = ? AND state = 'queued'",
            (self._clock(), json.dumps(error.document()), self._store.next_change(), operation_id),
        )
        self._write_event(operation_id, "failed", "", "", error.message)
        self._on_end()

    def event(self, job: Job, state: str, note: str = "", *, position: str = "") -> None:
        """What happened to the operation, behind what happened before."""
        self._write_event(job.id, state, job.position.name.lower() if job.position else "", position, note)

    def _write_event(self, operation_id: str, state: str, step: str, position: str, note: str) -> None:
        self._store.execute(
            "INSERT INTO operation_event (operation_id, seq, at, state, step, position, note)"
            " SELECT ?, COALESCE(MAX(seq) + 1, 0), ?, ?, ?, ?, ? FROM operation_event WHERE operation_id = ?",
            (operation_id, self._clock(), state, step, position, note, operation_id),
        )


def is_action(command: str) -> bool:
    """Whether the command is an action of the life-cycle; the others are called ``noun.verb``."""
    return "." not in command


def _cuts_in(command: str) -> bool:
    """Whether the command may be begun while another operation holds the VM."""
    if not is_action(command):
        return False
    try:
        asked = actions.action(command)
    except KeyError:
        return True  # begun at once, to fail at once
    return asked.recovery is not None or any(flow.cancels for flow in asked.flows)
