"""Operations and VM states, changed together: every method is one fenced transaction, and none of them waits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from vmconsole.controller import history, vm_rows
from vmconsole.controller.entries import open_entry, settle_entry
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.operation_rows import OperationRows, is_action
from vmconsole.controller.retention import retire
from vmconsole.controller.vm_rows import Superseded
from vmconsole.errors import Conflict, OutputFailed, TryAgain, Unavailable, Unusable, VmconsoleError
from vmconsole.lifecycle import actions, states
from vmconsole.lifecycle.flows import Record
from vmconsole.lifecycle.history import clears_action, shown_as
from vmconsole.lifecycle.recovery import Option
from vmconsole.lifecycle.stages import Outcome, next_on, stage
from vmconsole.lifecycle.steps import Variant
from vmconsole.store import operations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vmconsole.controller.job import Job
    from vmconsole.controller.lease import Lease
    from vmconsole.lifecycle.flows import Action, Flow
    from vmconsole.lifecycle.stages import Target
    from vmconsole.lifecycle.states import Position
    from vmconsole.store.session import Store

    Effect = Callable[[Store], dict[str, Any] | None]
    Allow = Callable[[Job, Action | None, Flow | None], None]

STORE_AWAY = (TryAgain, Unavailable, OutputFailed, Unusable)
"""What the store raises when it cannot be written: nothing is wrong with the operation."""


class Journal:
    """Takes operations on, moves their VMs along, and ends them.

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
        self._rows = OperationRows(store, lease, clock, on_end)
        self.queued = self._rows.queued
        self.unwanted = self._rows.unwanted
        self.was_sent = self._rows.was_sent

    @contextmanager
    def write(self) -> Iterator[Store]:
        """A write transaction that counts only while the lease is ours. Raises LeaseLost."""
        with self.store.write():
            self._lease.fence()
            yield self.store

    @contextmanager
    def _write_for(self, job: Job) -> Iterator[Store]:
        """The same for a job that must still be ours. Raises Superseded."""
        with self.write() as store:
            if not self._rows.mine(job):
                raise Superseded(job.id)
            yield store

    def require_lease(self) -> None:
        """Before a host is asked for anything: raises LeaseLost if the lease may have gone to another by now."""
        if self._lease.stale:
            raise LeaseLost("the lease could not be renewed in time")

    # Taking an operation on -------------------------------------------------------------------------------------

    def refuse(self, operation_id: str, error: VmconsoleError) -> None:
        """End a queued operation that cannot even be read."""
        with self.write():
            self._rows.refuse(operation_id, error)

    def begin(self, operation_id: str, allow: Allow) -> Job | None:
        """Take a queued operation on: check it once more, move the VM to its first state.

        Args:
            allow: raises a VmconsoleError if the operation cannot be carried out; the operation then fails and
                nothing else changes.

        Returns:
            The job when there is work to do; None when the operation has ended already, or must wait for another one
            on the same VM.
        """
        with self.write():
            job = self._rows.load(operation_id, "queued")
            if job is None:
                return None
            if job.vm_id is not None and is_action(job.command):
                return self._begin_action(job, allow)
            if job.vm_id is not None and vm_rows.is_held(self.store, job.vm_id):
                return None
            try:
                allow(job, None, None)
            except VmconsoleError as error:
                self._rows.end(job, "failed", error=error)
                return None
            self._rows.take(job)
            if job.vm_id is not None:
                vm_rows.occupy(self.store, job)
            return job

    def _begin_action(self, job: Job, allow: Allow) -> Job | None:
        assert job.vm_id is not None
        asked = actions.action(job.command)
        busy, in_flight, paused = vm_rows.look(self.store, job)
        position = job.position
        assert position is not None
        if busy and busy != job.id and asked.recovery is None and not _replaces(asked, position):
            return None
        before = set(operations.states(self.store, job.arguments.get("after", ())).values())
        if before.intersection(("queued", "running")):
            return None
        last_action, _ = history.last(self.store, job.vm_id)
        flow = actions.legal(asked, position, last_action=last_action, paused=paused, in_flight=in_flight)
        if position is states.DONE and flow is not None and flow.first is None and asked.recovery is None:
            self._rows.end(job, "done")  # it is over already: another operation was faster
            return None
        try:
            if before - {"done"}:
                raise Conflict(f"VM {job.vm_id}: what had to be done before it failed", code="OP_BEFORE")
            if flow is None:
                refusal = actions.refusal(asked, position, paused=paused, in_flight=in_flight)
                raise Conflict(f"VM {job.vm_id}: {refusal}")
            job.variant = flow.variant
            allow(job, asked, flow)
            open_entry(self.store, job)
        except VmconsoleError as error:
            self._rows.end(job, "failed", error=error)
            return None
        if busy and busy != job.id:
            self._supersede(busy, job)
        self._rows.take(job)
        if asked.recovery in (Option.RECREATE, Option.DELETE):
            # What a stop or an undeploy kept is gone from here on: the next deploy must not look for it.
            history.note(self.store, job.vm_id, flow.record, shown_as(asked), job.id, int(self._clock()))
        if asked.recovery is not None or flow.first is None:
            vm_rows.occupy(self.store, job)
            return job
        self._start_flow(job, asked, flow)
        return job if job.position is not None and job.position.is_transient else None

    def _start_flow(self, job: Job, asked: Action, flow: Flow) -> None:
        """Move the VM to the flow's first position, with everything that goes with it."""
        assert job.vm_id is not None
        assert flow.first is not None
        assert job.position is not None
        now, before = int(self._clock()), job.position
        columns: dict[str, Any] = {"resched": 0} if asked.clears_resched else {}
        if asked.command in ("deploy", "migrate"):
            columns["host_id" if asked.command == "deploy" else "target_host_id"] = job.arguments["host_id"]
            columns["target_datastore_id"] = job.arguments.get("datastore_id")
        self._move(job, flow.first, busy=flow.first.is_transient, columns=columns)
        history.note(self.store, job.vm_id, flow.record, shown_as(asked), job.id, now)
        # A new record begins with no clock running; a noted one goes on from where the VM was.
        came_from = states.PENDING if flow.record is Record.OPEN else before
        history.pass_over(self.store, job.vm_id, came_from, flow.first, now)
        if not flow.first.is_transient:
            vm_rows.arrive(self.store, job, self._clock())
            self._rows.end(job, "done")

    def _supersede(self, operation_id: str, job: Job) -> None:
        """End the operation in flight because `job` takes its place."""
        other = self._rows.load(operation_id, "running")
        job.superseded = operation_id
        if other is not None:
            self._rows.set_arguments(job, {**other.subject, **job.arguments})
            error = Conflict(f"{other.command} was cut short by {job.command}", code="OP_SUPERSEDED")
            self._rows.end(other, "cancelled", error=error)

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
        with self._write_for(job) as store:
            if effect is not None:
                self._rows.add_result(job, effect(store))
            goal = target or next_on(before, outcome, job.variant)
            now = int(self._clock())
            if (row := stage(before, job.variant)) is not None:
                settle_entry(store, job, row.step, success=outcome is Outcome.SUCCESS)
            self._move(job, goal.position, busy=is_worked_at(goal.position))
            vm_rows.explain(store, job, error if goal.position.is_failure else None)
            vm_rows.settle_placement(store, job, goal.placement, now)
            if clears_action(before, outcome, goal.position, job.variant):
                history.forget_action(store, job.vm_id)
            history.pass_over(store, job.vm_id, before, goal.position, now)
            if is_worked_at(goal.position) and error is None:
                self._rows.step(job)
                return
            vm_rows.arrive(store, job, self._clock())
            if error is None:
                self._rows.add_result(job, retire(store, job, self._clock()))
            failed = "cancelled" if job.cancelled else "failed"
            self._rows.end(job, failed if error else "done", error=error)

    def _move(self, job: Job, position: Position, *, busy: bool, columns: dict[str, Any] | None = None) -> None:
        vm_rows.move(self.store, job, position, self._clock(), busy=busy, columns=columns)
        self._rows.event(job, "running", position=position.name)

    def finish(self, job: Job, *, effect: Effect | None = None) -> None:
        """The job of an operation without stages is done: apply its effect and end it, in one transaction."""
        with self._write_for(job) as store:
            if effect is not None:
                self._rows.add_result(job, effect(store))
            vm_rows.free(store, job)
            self._rows.end(job, "done")

    def fail(self, job: Job, error: VmconsoleError, *, state: str = "failed", effect: Effect | None = None) -> None:
        """End an operation without stages as failed, unknown or cancelled."""
        with self._write_for(job) as store:
            if effect is not None:
                effect(store)
            vm_rows.free(store, job)
            self._rows.end(job, state, error=error)

    def forget(self, job: Job) -> None:
        """Take the VM out of the life-cycle without asking any host (ON-102, delete-db)."""
        with self._write_for(job) as store:
            job.variant = Variant.PLAIN
            self._move(job, states.DONE, busy=False)
            vm_rows.arrive(store, job, self._clock(), cleanup=False)
            self._rows.end(job, "done")

    def remark(self, job: Job, text: str) -> None:
        """Say something about the job that its outcome does not."""
        with self._write_for(job):
            self._rows.add_result(job, {"remarks": [text]})
            self._rows.event(job, "running", text)

    def mark_sent(self, job: Job) -> None:
        """A call that must not be repeated is about to be made."""
        with self._write_for(job):
            self._rows.mark_sent(job)

    def wait_for_host(self, job: Job, error: VmconsoleError) -> None:
        """The host stopped answering in the middle of a step: say so; the operation goes on when it answers again."""
        with self.write():
            self._rows.annotate(job, f"waiting: {error.message}", error)

    def resume_work(self, job: Job) -> None:
        """The host answers again."""
        with self.write():
            self._rows.annotate(job, "", None)

    def progress(self, job_id: str, done: int, total: int) -> None:
        """Bytes done and in all."""
        with self.write():
            self._rows.progress(job_id, done, total)

    def orphans(self) -> list[Job]:
        """Running operations whose controller is gone, taken over by this one."""
        with self.write() as store:
            found = self._rows.orphans()
            for job in found:
                if job.vm_id is not None and is_action(job.command):
                    vm_rows.look(store, job)
                self._rows.event(job, "running", "taken over after the controller ended")
            return found


def is_worked_at(position: Position) -> bool:
    """Whether an operation holds the VM there. It is placement that waits for images to be ready, no operation."""
    return position.is_transient and position is not states.CLONING


def _replaces(asked: Action, position: Position) -> bool:
    """Whether the action may cut in on the operation in flight (a hard shutdown on a graceful one)."""
    flow = actions.legal(asked, position)
    return flow is not None and flow.cancels
