"""Operations and VM states, changed together: every method is one fenced transaction, and none of them waits."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vmconsole.controller import history
from vmconsole.controller.entries import open_entry, settle_entry
from vmconsole.controller.job import Job
from vmconsole.controller.lease import LeaseLost
from vmconsole.errors import Conflict, Internal, OutputFailed, TryAgain, Unavailable, Unusable, VmconsoleError
from vmconsole.lifecycle import actions, states
from vmconsole.lifecycle.flows import Record
from vmconsole.lifecycle.history import clears_action, shown_as
from vmconsole.lifecycle.recovery import Option
from vmconsole.lifecycle.stages import Outcome, Placement, next_on, stage
from vmconsole.lifecycle.steps import Variant
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vmconsole.controller.lease import Lease
    from vmconsole.lifecycle.flows import Action, Flow
    from vmconsole.lifecycle.stages import Target
    from vmconsole.lifecycle.states import Position
    from vmconsole.store.session import Store

    Effect = Callable[[Store], dict[str, Any] | None]

STORE_AWAY = (TryAgain, Unavailable, OutputFailed, Unusable)
"""What the store raises when it cannot be written: nothing is wrong with the operation."""

_COLUMNS = "id, command, arguments, user_id, asked_by, face, vm_id, host_id, attempt, variant, step"


class Journal:
    """The controller's hand on the table of operations.

    Args:
        clock: Unix seconds now.
        on_end: called within the transaction that ends an operation; it may only take note.
    """

    def __init__(
        self, store: Store, lease: Lease, clock: Callable[[], float], on_end: Callable[[], None] = lambda: None
    ) -> None:
        self.store = store
        self._lease = lease
        self._clock = clock
        self._on_end = on_end

    @contextmanager
    def write(self) -> Iterator[Store]:
        """A write transaction that counts only while the lease is ours. Raises LeaseLost."""
        with self.store.write():
            self._lease.fence()
            yield self.store

    def require_lease(self) -> None:
        """Before a host is asked for anything: raises LeaseLost if the lease may have gone to another by now."""
        if self._lease.stale:
            raise LeaseLost("the lease could not be renewed in time")

    # Taking an operation on -------------------------------------------------------------------------------------

    def queued(self) -> list[tuple[str, int | None]]:
        """(id, VM) of the operations that wait and could be begun, oldest first."""
        rows = self.store.query(
            "SELECT operation.id, operation.vm_id, operation.command, vm.busy FROM operation"
            " LEFT JOIN vm ON vm.id = operation.vm_id WHERE operation.state = 'queued' ORDER BY operation.seq"
        )
        return [(identity, vm_id) for identity, vm_id, command, busy in rows if not busy or _cuts_in(command)]

    def refuse(self, operation_id: str, error: VmconsoleError) -> None:
        """End a queued operation that cannot even be read."""
        with self.write():
            self.store.execute(
                "UPDATE operation SET state = 'failed', ended = ?, error = ?, changed = ?"
                " WHERE id = ? AND state = 'queued'",
                (self._clock(), json.dumps(error.document()), self.store.next_change(), operation_id),
            )
            self.store.execute(
                "INSERT INTO operation_event (operation_id, seq, at, state, note)"
                " SELECT ?, COALESCE(MAX(seq) + 1, 0), ?, 'failed', ? FROM operation_event WHERE operation_id = ?",
                (operation_id, self._clock(), error.message, operation_id),
            )
        self._on_end()

    def begin(self, operation_id: str, allow: Callable[[Job, Action | None, Flow | None], None]) -> Job | None:
        """Take a queued operation on: check it once more, move the VM to its first state.

        Args:
            allow: raises a VmconsoleError if the operation cannot be carried out; the operation then fails and
                nothing else changes.

        Returns:
            The job when there is work to do; None when the operation has ended already, or must wait for another one
            on the same VM.
        """
        with self.write():
            job = self._load(operation_id, "queued")
            if job is None:
                return None
            if job.vm_id is not None and _is_action(job.command):
                return self._begin_action(job, allow)
            try:
                allow(job, None, None)
            except VmconsoleError as error:
                self._end(job, "failed", error=error)
                return None
            self._take(job)
            return job

    def _begin_action(self, job: Job, allow: Callable[[Job, Action | None, Flow | None], None]) -> Job | None:
        assert job.vm_id is not None
        asked = actions.action(job.command)
        busy, in_flight, paused = self._vm(job)
        if busy and busy != job.id and asked.recovery is None and not self._replaces(asked, job):
            return None
        position = job.position
        assert position is not None
        last_action, _ = history.last(self.store, job.vm_id)
        flow = actions.legal(asked, position, last_action=last_action, paused=paused, in_flight=in_flight)
        if position is states.DONE and flow is not None and flow.first is None and asked.recovery is None:
            self._end(job, "done")  # it is over already: another operation was faster
            return None
        try:
            if flow is None:
                raise Conflict(
                    f"VM {job.vm_id}: {actions.refusal(asked, position, paused=paused, in_flight=in_flight)}"
                )
            job.variant = flow.variant
            allow(job, asked, flow)
            open_entry(self.store, job)
        except VmconsoleError as error:
            self._end(job, "failed", error=error)
            return None
        if busy and busy != job.id:
            self._supersede(busy, job)
        self._take(job)
        if asked.recovery in (Option.RECREATE, Option.DELETE):
            # What a stop or an undeploy kept is gone from here on: the next deploy must not look for it.
            history.note(self.store, job.vm_id, flow.record, shown_as(asked), job.id, int(self._clock()))
        if asked.recovery is not None or flow.first is None:
            self._occupy(job)
            return job
        self._start_flow(job, asked, flow)
        return job if job.position is not None and job.position.is_transient else None

    def _start_flow(self, job: Job, asked: Action, flow: Flow) -> None:
        """Move the VM to the flow's first position, with everything that goes with it."""
        assert job.vm_id is not None
        assert flow.first is not None
        now = int(self._clock())
        before = job.position
        assignments, values = "", []
        if asked.name == "deploy":
            assignments, values = ", host_id = ?", [job.arguments["host_id"]]
        elif asked.command == "migrate":
            assignments, values = ", target_host_id = ?", [job.arguments["host_id"]]
        if asked.clears_resched:
            assignments += ", resched = 0"
        self._move(job, flow.first, flow.variant, assignments, values, busy=flow.first.is_transient)
        assert before is not None
        assert job.position is not None
        if flow.record is Record.OPEN:
            history.note(self.store, job.vm_id, flow.record, shown_as(asked), job.id, now)
            history.pass_over(self.store, job.vm_id, states.PENDING, job.position, now)
        else:
            history.note(self.store, job.vm_id, flow.record, shown_as(asked), job.id, now)
            history.pass_over(self.store, job.vm_id, before, job.position, now)
        if not flow.first.is_transient:
            self._arrive(job)
            self._end(job, "done")

    def _replaces(self, asked: Action, job: Job) -> bool:
        """Whether the action may cut in on the operation in flight (a hard shutdown on a graceful one)."""
        assert job.position is not None
        flow = actions.legal(asked, job.position)
        return flow is not None and flow.cancels

    def _supersede(self, operation_id: str, job: Job) -> None:
        """End the operation in flight because `job` takes its place."""
        other = self._load(operation_id, "running")
        job.superseded = operation_id
        if other is not None:
            error = Conflict(f"{other.command} was cut short by {job.command}", code="OP_SUPERSEDED")
            self._end(other, "cancelled", error=error)

    # Going on ---------------------------------------------------------------------------------------------------

    def advance(
        self,
        job: Job,
        outcome: Outcome,
        *,
        error: VmconsoleError | None = None,
        effect: Effect | None = None,
        target: Target | None = None,
    ) -> None:
        """The job's step has ended: apply its effect and go where the table says; end the operation if that is rest.

        Args:
            effect: writes what the step changed; its result is added to the operation's.
            target: where to go instead of where the table leads from the present position.
        """
        assert job.vm_id is not None
        assert job.position is not None
        before = job.position
        try:
            self._advance(job, before, outcome, error, effect, target)
        except BaseException:
            job.position = before  # nothing of it was written
            raise

    def _advance(
        self,
        job: Job,
        before: Position,
        outcome: Outcome,
        error: VmconsoleError | None,
        effect: Effect | None,
        target: Target | None,
    ) -> None:
        assert job.vm_id is not None
        with self.write():
            if not self._mine(job):
                raise Superseded(job.id)
            if effect is not None:
                self._add_result(job, effect(self.store))
            goal = target or next_on(before, outcome, job.variant)
            now = int(self._clock())
            if (row := stage(before, job.variant)) is not None:
                settle_entry(self.store, job, row.step, success=outcome is Outcome.SUCCESS)
            self._move(job, goal.position, job.variant, "", [], busy=is_worked_at(goal.position))
            self._explain(job, error if goal.position.is_failure else None)
            self._settle_placement(job, goal.placement, now)
            if clears_action(before, outcome, job.variant):
                history.forget_action(self.store, job.vm_id)
            history.pass_over(self.store, job.vm_id, before, goal.position, now)
            if is_worked_at(goal.position) and error is None:
                self._step(job)
                return
            self._arrive(job)
            failed = "cancelled" if job.cancelled else "failed"
            self._end(job, failed if error else "done", error=error)

    def _explain(self, job: Job, error: VmconsoleError | None) -> None:
        """Say on a VM that failed why it did, and take that back when it goes on."""
        message = error.message if error is not None else ""
        self.store.execute("UPDATE vm SET message = ? WHERE id = ? AND message <> ?", (message, job.vm_id, message))

    def _settle_placement(self, job: Job, placement: Placement, now: int) -> None:
        """A move between two hosts is decided: one of them is the VM's, the other gets its capacity back."""
        assert job.vm_id is not None
        if placement is Placement.NEW:
            self.store.execute(
                "UPDATE vm SET host_id = COALESCE(target_host_id, host_id), target_host_id = NULL WHERE id = ?",
                (job.vm_id,),
            )
        elif placement is Placement.OLD:
            self.store.execute("UPDATE vm SET target_host_id = NULL WHERE id = ?", (job.vm_id,))
            history.roll_back(self.store, job.vm_id, now)

    def finish(self, job: Job, *, effect: Effect | None = None) -> None:
        """The job of an operation without stages is done: apply its effect and end it, in one transaction."""
        with self.write():
            if not self._mine(job):
                raise Superseded(job.id)
            if effect is not None:
                self._add_result(job, effect(self.store))
            self._free(job)
            self._end(job, "done")

    def fail(self, job: Job, error: VmconsoleError, *, state: str = "failed", effect: Effect | None = None) -> None:
        """End an operation without stages as failed, unknown or cancelled."""
        with self.write():
            if not self._mine(job):
                raise Superseded(job.id)
            if effect is not None:
                effect(self.store)
            self._free(job)
            self._end(job, state, error=error)

    def forget(self, job: Job) -> None:
        """Take the VM out of the life-cycle without asking any host (ON-102, delete-db)."""
        with self.write():
            if not self._mine(job):
                raise Superseded(job.id)
            self._move(job, states.DONE, Variant.PLAIN, "", [], busy=False)
            self._arrive(job, cleanup=False)
            self._end(job, "done")

    def mark_sent(self, job: Job) -> None:
        """A call that must not be repeated is about to be made."""
        with self.write():
            if not self._mine(job):
                raise Superseded(job.id)
            self.store.execute("UPDATE operation SET sent = 1 WHERE id = ?", (job.id,))

    def wait_for_host(self, job: Job, error: VmconsoleError) -> None:
        """The host stopped answering in the middle of a step: say so; the operation goes on when it answers again."""
        self._annotate(job, f"waiting: {error.message}", error)

    def resume_work(self, job: Job) -> None:
        """The host answers again."""
        self._annotate(job, "", None)

    def _annotate(self, job: Job, note: str, error: VmconsoleError | None) -> None:
        with self.write():
            self.store.execute(
                "UPDATE operation SET note = ?, error = ?, changed = ? WHERE id = ? AND state = 'running'",
                (note, json.dumps(error.document()) if error else None, self.store.next_change(), job.id),
            )
            if note:
                self._event(job, "running", note)

    def progress(self, job_id: str, done: int, total: int) -> None:
        """Bytes done and in all; the percentage follows."""
        percent = round(100 * done / total, 1) if total else None
        with self.write():
            self.store.execute(
                "UPDATE operation SET bytes_done = ?, bytes_total = ?, progress = ?, changed = ?"
                " WHERE id = ? AND state = 'running'",
                (done, total or None, percent, self.store.next_change(), job_id),
            )

    # After a crash ----------------------------------------------------------------------------------------------

    def unwanted(self) -> list[str]:
        """Running operations that somebody wants called off."""
        rows = self.store.query("SELECT id FROM operation WHERE state = 'running' AND cancel_requested = 1")
        return [row[0] for row in rows]

    def orphans(self) -> list[Job]:
        """Running operations whose controller is gone, taken over by this one."""
        found = []
        with self.write():
            for (operation_id,) in self.store.query(
                "SELECT id FROM operation WHERE state = 'running' AND owner <> ? ORDER BY seq", (self._lease.holder,)
            ):
                job = self._load(operation_id, "running")
                assert job is not None
                if job.vm_id is not None and _is_action(job.command):
                    self._vm(job)
                job.attempt += 1
                self.store.execute(
                    "UPDATE operation SET owner = ?, fence = ?, attempt = ? WHERE id = ?",
                    (self._lease.holder, self._lease.token, job.attempt, job.id),
                )
                self._event(job, "running", "taken over after the controller ended")
                found.append(job)
        return found

    def was_sent(self, job: Job) -> bool:
        """Whether a call that must not be repeated may have been made."""
        return bool(self.store.query("SELECT sent FROM operation WHERE id = ?", (job.id,))[0][0])

    # Parts ------------------------------------------------------------------------------------------------------

    def _load(self, operation_id: str, state: str) -> Job | None:
        rows = self.store.query(f"SELECT {_COLUMNS} FROM operation WHERE id = ? AND state = ?", (operation_id, state))
        if not rows:
            return None
        identity_, command, arguments, user_id, asked_by, face, vm_id, host_id, attempt, variant, step = rows[0]
        return Job(
            identity_, command, json.loads(arguments), user_id, asked_by, face, vm_id, host_id, attempt,
            Variant(variant) if _is_action(command) else Variant.PLAIN, None, lambda done, total: None, step=step,
        )  # fmt: skip

    def _vm(self, job: Job) -> tuple[str, Variant, bool]:
        """Put the VM's position into the job; returns the operation that holds it, the variant in flight, paused."""
        rows = self.store.query("SELECT state, lcm_state, busy, variant, paused FROM vm WHERE id = ?", (job.vm_id,))
        if not rows:
            raise Internal(f"operation {job.id} is about VM {job.vm_id}, which does not exist")
        state, lcm, busy, variant, paused = rows[0]
        job.position = states.by_numbers(state, lcm)
        return busy or "", Variant(variant), bool(paused)

    def _take(self, job: Job) -> None:
        job.attempt = 1
        self.store.execute(
            "UPDATE operation SET state = 'running', owner = ?, fence = ?, attempt = 1, started = ?, variant = ?,"
            " changed = ? WHERE id = ? AND state = 'queued'",
            (
                self._lease.holder, self._lease.token, self._clock(), str(job.variant), self.store.next_change(),
                job.id,
            ),
        )  # fmt: skip
        self._event(job, "running")

    def _occupy(self, job: Job) -> None:
        self.store.execute("UPDATE vm SET busy = ?, version = version + 1 WHERE id = ?", (job.id, job.vm_id))

    def _free(self, job: Job) -> None:
        if job.vm_id is not None:
            self.store.execute(
                "UPDATE vm SET busy = NULL, version = version + 1, changed = ? WHERE id = ? AND busy = ?",
                (self.store.next_change(), job.vm_id, job.id),
            )

    def _move(
        self, job: Job, position: Position, variant: Variant, assignments: str, values: list[Any], *, busy: bool
    ) -> None:
        """Compare-and-swap the VM from where the job saw it to `position`."""
        assert job.position is not None
        before = job.position
        keeps_variant = position.is_transient or position.is_failure
        moved = self.store.execute(
            f"UPDATE vm SET state = ?, lcm_state = ?, prev_state = state, prev_lcm_state = lcm_state, state_since = ?,"
            f" version = version + 1, busy = ?, variant = ?, changed = ?{assignments}"
            " WHERE id = ? AND state = ? AND lcm_state = ?",
            (
                position.state, position.lcm, self._clock(), job.id if busy else None,
                str(variant) if keeps_variant else "", self.store.next_change(), *values, job.vm_id, before.state,
                before.lcm,
            ),
        )  # fmt: skip
        if not moved:
            raise Superseded(job.id)
        job.position = position
        self._event(job, "running", position=position.name)

    def _step(self, job: Job) -> None:
        assert job.position is not None
        self.store.execute(
            "UPDATE operation SET step = ?, progress = NULL, bytes_done = NULL, bytes_total = NULL, changed = ?"
            " WHERE id = ?",
            (job.position.name.lower(), self.store.next_change(), job.id),
        )

    def _arrive(self, job: Job, *, cleanup: bool = True) -> None:
        """What holds wherever a VM comes to rest: no capacity means no host, and DONE gives everything back.

        Args:
            cleanup: what a VM that is DONE has left on hosts is to be cleared away.
        """
        position = job.position
        assert position is not None
        if position is states.DONE and cleanup:
            self._queue_cleanup(job)
        if not states.holds_capacity(position):
            self.store.execute(
                "UPDATE vm SET host_id = NULL, paused = 0, cpu_percent = 0, memory_used_kib = 0 WHERE id = ?",
                (job.vm_id,),
            )
        if position is states.DONE:
            give_back(self.store, job.vm_id, int(self._clock()))

    def _queue_cleanup(self, job: Job) -> None:
        """A VM that went at once, from a place where no step clears up, may have left files on a host."""
        left = self.store.query(
            "SELECT host_id FROM vm WHERE id = ? AND (EXISTS (SELECT 1 FROM disk WHERE vm_id = vm.id"
            "   AND host_id IS NOT NULL AND volume <> '' AND persistent = 0 AND type NOT IN ('cdrom', 'foreign'))"
            " OR (imported = 0 AND (checkpoint_host_id IS NOT NULL OR (host_id IS NOT NULL AND deploy_id <> ''))))",
            (job.vm_id,),
        )
        if left:
            operations.insert(
                self.store, new_operation_id(), "vm.cleanup", {"vm_id": job.vm_id, "host_id": left[0][0]},
                user_id=job.user_id, asked_by=job.asked_by, face="controller", now=self._clock(),
            )  # fmt: skip

    def _mine(self, job: Job) -> bool:
        rows = self.store.query("SELECT state, owner FROM operation WHERE id = ?", (job.id,))
        return bool(rows) and rows[0] == ("running", self._lease.holder)

    def _add_result(self, job: Job, result: dict[str, Any] | None) -> None:
        if result:
            rows = self.store.query("SELECT result FROM operation WHERE id = ?", (job.id,))
            merged = {**json.loads(rows[0][0]), **result}
            self.store.execute("UPDATE operation SET result = ? WHERE id = ?", (json.dumps(merged), job.id))

    def _end(self, job: Job, state: str, *, error: VmconsoleError | None = None) -> None:
        self.store.execute(
            "UPDATE operation SET state = ?, ended = ?, error = ?, note = '', changed = ?,"
            " progress = CASE WHEN ? = 'done' THEN 100 ELSE progress END WHERE id = ?",
            (
                state, self._clock(), json.dumps(error.document()) if error else None, self.store.next_change(), state,
                job.id,
            ),
        )  # fmt: skip
        self._event(job, state, error.message if error else "")
        self._on_end()

    def _event(self, job: Job, state: str, note: str = "", *, position: str = "") -> None:
        self.store.execute(
            "INSERT INTO operation_event (operation_id, seq, at, state, step, position, note)"
            " SELECT ?, COALESCE(MAX(seq) + 1, 0), ?, ?, ?, ?, ? FROM operation_event WHERE operation_id = ?",
            (
                job.id, self._clock(), state, job.position.name.lower() if job.position else "", position, note, job.id,
            ),
        )  # fmt: skip


def is_worked_at(position: Position) -> bool:
    """Whether an operation holds the VM there. It is placement that waits for images to be ready, no operation."""
    return position.is_transient and position is not states.CLONING


class Superseded(Exception):
    """The operation, or the VM under it, was taken over; what this job was doing no longer counts."""


def give_back(store: Store, vm_id: int | None, now: int) -> None:
    """What a VM that is DONE returns: addresses, images, schedules; its record and history stay."""
    store.execute("DELETE FROM network_lease WHERE vm_id = ?", (vm_id,))
    store.execute(
        "UPDATE image SET state = 'rdy', changed = ? WHERE state = 'used'"
        " AND id IN (SELECT image_id FROM disk WHERE vm_id = ?)"
        " AND NOT EXISTS (SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id"
        "   WHERE disk.image_id = image.id AND vm.state <> 6 AND vm.id <> ?)",
        (store.next_change(), vm_id, vm_id),
    )
    store.execute("UPDATE schedule SET next = NULL, enabled = 0 WHERE vm_id = ?", (vm_id,))
    store.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (vm_id,))
    store.execute(
        "UPDATE vm SET end_time = ?, resched = 0, cpu_percent = 0, memory_used_kib = 0 WHERE id = ?",
        (now, vm_id),
    )


def _is_action(command: str) -> bool:
    return "." not in command


def _cuts_in(command: str) -> bool:
    """Whether the command may be begun while another operation holds the VM."""
    if not _is_action(command):
        return True
    try:
        asked = actions.action(command)
    except KeyError:
        return True  # begun at once, to fail at once
    return asked.recovery is not None or any(flow.cancels for flow in asked.flows)
