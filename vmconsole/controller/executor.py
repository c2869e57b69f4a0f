"""Takes queued operations on and sees them through: the life-cycle table says where to go, the steps do the work."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from backends.base import BackendError, Unreachable
from vmconsole.controller import borders, history, problems, vm_record
from vmconsole.controller.handlers import HANDLERS, IN_PLACE
from vmconsole.controller.journal import STORE_AWAY, is_worked_at
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.link import NotYet
from vmconsole.controller.placement import has_room
from vmconsole.controller.steps import STEPS
from vmconsole.controller.vm_rows import Superseded
from vmconsole.controller.work import Work
from vmconsole.errors import (
    Conflict,
    Failed,
    Internal,
    NotFound,
    OutputFailed,
    TryAgain,
    UnknownOutcome,
    VmconsoleError,
)
from vmconsole.lifecycle import actions, recovery
from vmconsole.lifecycle.recovery import Cleanup, Verdict
from vmconsole.lifecycle.stages import Outcome, chain_from, stage
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.base import Host
    from vmconsole.controller.job import Job
    from vmconsole.controller.journal import Journal
    from vmconsole.controller.link import Link
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.flows import Action, Flow

log = logging.getLogger(__name__)

PROGRESS_EVERY = 0.25
"""Seconds between two writes of an operation's progress."""
FINISH_WITHIN = 3.0
"""Seconds that what is under way gets to end by itself when the controller ends."""
NOTICE = 1.0
"""Seconds in which a link notices that it is lost."""
STORE_REST = 0.5
"""Seconds until a write is tried again that a busy store refused."""
TURN = 50
"""Operations taken on in one go: in between, hosts and lease must have their turn."""

_UNLIMITED = frozenset({Step.SHUTDOWN, Step.DESTROY, Step.PAUSE, Step.UNPAUSE})
"""Steps that cost the host nothing: they wait for a guest, or must not queue behind those that do."""


class Executor:
    """Runs operations, each in its own task. Those on one VM follow each other; hosts do not wait for one another."""

    def __init__(self, journal: Journal, around: Surroundings) -> None:
        self._journal = journal
        self._around = around
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._jobs: dict[str, Job] = {}
        self._aborting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self.lost_lease = asyncio.Event()

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    # Beginning --------------------------------------------------------------------------------------------------

    def start_queued(self) -> bool:
        """Take on queued operations whose VM is free. True when not all had their turn: more are to be begun."""
        touched: set[int] = set()
        begun = 0
        for operation_id, vm_id in self._journal.queued():
            if vm_id is not None:
                if vm_id in touched:
                    continue
                touched.add(vm_id)
            if begun >= TURN:
                return True
            try:
                job = self._begin(operation_id)
            except NotYet:
                continue
            begun += 1
            if job is None:
                continue
            if job.superseded and (task := self._tasks.get(job.superseded)) is not None:
                task.cancel()
            self._start(job)
        return False

    def _begin(self, operation_id: str) -> Job | None:
        """Take one operation on. One that nobody can read fails alone, it does not stop the others."""
        try:
            return self._journal.begin(operation_id, self._allow)
        except (NotYet, *STORE_AWAY):
            raise
        except Exception as error:
            log.exception("operation %s cannot be begun", operation_id)
            self._journal.refuse(operation_id, Internal(f"{type(error).__name__}: see the log for {operation_id}"))
            return None

    def recover(self) -> None:
        """Go on with what a controller that is gone had begun."""
        for job in self._journal.orphans():
            log.info("operation %s (%s) is taken over, attempt %d", job.id, job.command, job.attempt)
            self._start(job)

    async def stop(self) -> None:
        """Stop working. What does not end at once stays in the journal and is taken up by the next controller."""
        if self._tasks and not self.lost_lease.is_set():
            await asyncio.wait(list(self._tasks.values()), timeout=FINISH_WITHIN)
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _start(self, job: Job) -> None:
        borders.reach(job.command, "claimed")
        job.report = self._reporter(job.id)
        task = asyncio.create_task(self._run(job), name=f"operation {job.id}")
        self._tasks[job.id], self._jobs[job.id] = task, job
        task.add_done_callback(lambda _: self._ended(job.id))

    def _ended(self, operation_id: str) -> None:
        self._tasks.pop(operation_id, None)
        self._jobs.pop(operation_id, None)

    def heed_cancellations(self) -> None:
        """Call off what people do not want any more, as far as it can be: a copy, a save, a move, a wait."""
        for operation_id in self._journal.unwanted():
            job = self._jobs.get(operation_id)
            if job is None or job.cancelled:
                continue
            job.cancelled = True
            log.info("operation %s (%s) is called off", job.id, job.command)
            if job.position is None:
                self._tasks[job.id].cancel()
            else:
                task = asyncio.create_task(self._abort(job))
                self._aborting.add(task)
                task.add_done_callback(self._aborting.discard)

    async def _abort(self, job: Job) -> None:
        """Have the host end the VM's running job; what has none goes on to its next border."""
        try:
            vm = vm_record.load(self._around.store, job.vm_id)
            await self._link_for(job).require_up().abort_job(vm.uuid)
        except (BackendError, VmconsoleError) as error:
            log.warning("operation %s could not be called off: %s", job.id, error)

    def _reporter(self, operation_id: str) -> Callable[[int, int], None]:
        """Progress from any thread, written at most every so often and in the event loop."""
        last = 0.0

        def report(done: int, total: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= PROGRESS_EVERY:
                last = now
                self._loop.call_soon_threadsafe(self._write_progress, operation_id, done, total)

        return report

    def _write_progress(self, operation_id: str, done: int, total: int) -> None:
        try:
            self._journal.progress(operation_id, done, total)
        except VmconsoleError as error:
            log.warning("progress of %s not written: %s", operation_id, error.message)

    # Checking ---------------------------------------------------------------------------------------------------

    def _allow(self, job: Job, asked: Action | None, flow: Flow | None) -> None:
        """Refuse what cannot be carried out, while nothing has changed yet."""
        if asked is None:
            self._allow_handler(job)
            return
        if asked.recovery is not None:
            return
        assert flow is not None
        if flow.first is None:
            if job.command not in IN_PLACE:
                raise _not_there(asked.title)
            if job.command in ("reboot", "reboot-hard"):
                self._link_for(job).require_up_or_refuse()
            return
        passed = chain_from(flow.first, flow.variant)
        needed = [row.step for place in passed if (row := stage(place, flow.variant)) is not None]
        if missing := [step for step in needed if step not in STEPS]:
            raise _not_there(asked.title, f"the step {missing[0].value}")
        if asked.command in ("deploy", "migrate"):
            self._check_target(job)
        if needed and needed != [Step.CLEANUP]:
            self._link_for(job).require_up_or_refuse()

    def _allow_handler(self, job: Job) -> None:
        """Also lets the clearing away of what a VM has left on a host wait for that host. Raises NotYet."""
        if job.command not in HANDLERS:
            raise _not_there(job.command)
        if job.command != "vm.cleanup":
            return
        host_id = job.arguments.get("host_id")
        up = any(link.host_id == host_id and link.is_up for link in self._around.fleet)
        if not up and self._around.store.query("SELECT 1 FROM host WHERE id = ?", (host_id,)):
            raise NotYet(str(host_id))

    def _check_target(self, job: Job) -> None:
        """Whether the VM can go to the host that was named."""
        host_id = job.arguments.get("host_id")
        rows = self._around.store.query("SELECT name, state FROM host WHERE id = ?", (host_id,))
        if not rows:
            raise NotFound(f"host {host_id} does not exist", code="NO_HOST")
        vm = vm_record.load(self._around.store, job.vm_id)
        if vm.host_id == host_id:
            raise Conflict(f"{vm.label} is on host {rows[0][0]} already", code="HOST_SAME")
        if vm.bound_to not in (None, host_id):
            raise Conflict(
                f"{vm.label} can run only where its disks lie, and that is not host {rows[0][0]}", code="VM_BOUND"
            )
        enforced = bool(job.arguments.get("enforce"))
        if enforced and not has_room(self._around, int(str(host_id)), vm.cpu, vm.memory_mib, besides=job.id):
            raise Conflict(
                f"host {rows[0][0]} has no {vm.cpu:g} CPU and {vm.memory_mib} MiB left for {vm.label}",
                code="HOST_FULL",
                hint="vmconsole host list",
            )
        self._around.fleet.link(host_id).require_up_or_refuse()

    def _link_for(self, job: Job) -> Link:
        """The link of the host on which the job's next step runs."""
        if job.command == "deploy" and job.attempt == 0:
            return self._around.fleet.link(job.arguments.get("host_id"))
        return self._around.fleet.link(self._host_of(job))

    def _host_of(self, job: Job) -> int | None:
        """The VM's host; of a VM without one, the host where its files lie."""
        vm = vm_record.load(self._around.store, job.vm_id)
        if vm.host_id is not None:
            return vm.host_id
        lies = [vm.checkpoint_host_id, *(disk.host_id for disk in vm.disks)]
        known = next((host_id for host_id in lies if host_id is not None), None)
        return known if known is not None else history.last(self._around.store, vm.id)[1]

    # Working ----------------------------------------------------------------------------------------------------

    async def _run(self, job: Job) -> None:
        try:
            await self._perform(job)
        except Superseded:
            log.info("operation %s (%s) was superseded", job.id, job.command)
        except LeaseLost:
            self.lost_lease.set()
        except asyncio.CancelledError:
            if not job.cancelled:
                raise
            await self._give_up(job, Failed(f"{job.command} was called off", code="OP_CANCELLED"))
        except VmconsoleError as error:
            await self._give_up(job, error)
        except Exception as error:
            log.exception("operation %s (%s)", job.id, job.command)
            bug = Internal(f"{job.command}: {type(error).__name__}", hint=f"see the log for {job.id}")
            await self._give_up(job, bug)

    async def _perform(self, job: Job) -> None:
        if job.vm_id is None or "." in job.command:
            await self._handle(job)
            return
        asked = actions.action(job.command)
        if asked.recovery is not None and not job.step:
            await self._settle(job, asked)
        elif job.position is not None and not job.position.is_transient:
            await self._in_place(job)
            return
        while job.position is not None and is_worked_at(job.position):
            await self._pass_stage(job)

    async def _give_up(self, job: Job, error: VmconsoleError) -> None:
        """The work failed where no step was in charge of the failure."""
        try:
            if job.position is not None and job.position.is_transient:
                await self._record(lambda: self._journal.advance(job, Outcome.FAILURE, error=error))
            else:
                state = "cancelled" if job.cancelled else "failed"
                await self._record(lambda: self._journal.fail(job, error, state=state))
        except Superseded:
            log.info("operation %s had been taken over", job.id)
        except LeaseLost:
            self.lost_lease.set()
        except VmconsoleError as refused:
            log.error("operation %s: that it failed was not written: %s", job.id, refused.message)

    async def _record(self, write: Callable[[], None]) -> None:
        """Write what has happened, however long the store is busy or full: it is so, and must not be forgotten."""
        while True:
            try:
                write()
                return
            except LeaseLost:
                raise
            except (TryAgain, OutputFailed) as error:
                log.warning("not written yet: %s", error.message)
            await asyncio.sleep(STORE_REST)

    async def _handle(self, job: Job) -> None:
        """An operation outside the life-cycle: reach out first, then write everything in one transaction."""
        try:
            effect = await HANDLERS[job.command](job, self._around)
            borders.reach(job.command, "called")
            await self._record(lambda: self._journal.finish(job, effect=effect))
            self._around.fleet.refresh()
        except BackendError as error:
            raise problems.translate(error, uri=str(job.arguments.get("uri", ""))) from error
        finally:
            await self._around.fleet.withdraw(job.id)

    async def _in_place(self, job: Job) -> None:
        """An action that leaves the state as it is."""
        work = IN_PLACE[job.command]
        host = await self._ready_host(job) if work.needs_host else None
        if work.once_only:
            if self._journal.was_sent(job):
                raise_unknown = UnknownOutcome(
                    f"VM {job.vm_id}: {job.command} may or may not have reached the host",
                    outcome="unknown",
                    hint=f"look at the guest, then repeat it if need be: vmconsole show {job.vm_id}",
                )
                await self._record(lambda: self._journal.fail(job, raise_unknown, state="unknown"))
                return
            self._journal.mark_sent(job)
            borders.reach(job.command, "sent")
        try:
            effect = await work.run(job, self._around, host)
        except Unreachable as error:
            if not work.once_only:
                raise problems.translate(error) from error
            unknown = UnknownOutcome(
                f"VM {job.vm_id}: {job.command} was sent, and the host fell silent: {error.message}", outcome="unknown"
            )
            await self._record(lambda: self._journal.fail(job, unknown, state="unknown"))
            return
        except BackendError as error:
            raise problems.translate(error) from error
        borders.reach(job.command, "called")
        await self._record(lambda: self._journal.finish(job, effect=effect))

    async def _ready_host(self, job: Job) -> Host:
        """The VM's host for a call that is not repeated. Raises Unavailable while nothing has been sent."""
        link = self._link_for(job)
        await link.tried.wait()
        link.require_up_or_refuse()
        return link.backend

    async def _pass_stage(self, job: Job) -> None:
        """Run the step of the VM's present stage, to its end however long the host is away, and go on from there."""
        assert job.position is not None
        row = stage(job.position, job.variant)
        assert row is not None
        effect: Effect | None = None
        outcome, error = Outcome.SUCCESS, None
        borders.reach(job.command, row.step.value, "before")
        while True:
            host_id = self._host_of(job)
            try:
                effect = await self._step(job, row.step, host_id)
            except Unreachable as lost:
                if row.step is Step.CLEANUP:
                    break
                await self._wait_for_host(job, host_id, problems.translate(lost))
                continue
            except BackendError as refused:
                outcome, error = Outcome.FAILURE, problems.translate(refused)
            except LeaseLost:
                raise
            except VmconsoleError as failed:
                outcome, error = Outcome.FAILURE, failed
            break
        borders.reach(job.command, row.step.value, "called")
        await self._record(lambda: self._journal.advance(job, outcome, error=error, effect=effect))
        borders.reach(job.command, row.step.value, "recorded")

    async def _step(self, job: Job, step: Step, host_id: int | None) -> Effect | None:
        if host_id is None:
            if step in (Step.EPILOG, Step.CLEANUP):
                return None  # it has never been on a host
            raise Internal(f"VM {job.vm_id} has no host for the step {step.value}")
        link = self._around.fleet.link(host_id)
        await link.tried.wait()
        async with nullcontext() if step in _UNLIMITED else link.slots:
            self._journal.require_lease()
            vm = vm_record.load(self._around.store, job.vm_id)
            return await STEPS[step](Work(job, vm, link.require_up(), host_id, self._around))

    async def _wait_for_host(self, job: Job, host_id: int | None, error: VmconsoleError) -> None:
        """The host fell silent in the middle of a step: what became of it is asked when it answers again."""
        self._journal.wait_for_host(job, error)
        await asyncio.sleep(NOTICE)
        await self._around.fleet.wait_up(host_id)
        job.attempt += 1
        self._journal.resume_work(job)

    async def _settle(self, job: Job, asked: Action) -> None:
        """Apply what `recover` means where the VM is; a stage that follows is then run by the caller."""
        assert asked.recovery is not None
        assert job.position is not None
        found = recovery.recover_target(job.position, asked.recovery, job.variant)
        if found.verdict is Verdict.REFUSE:
            raise Conflict(f"VM {job.vm_id}: {found.reason}")
        if found.verdict is Verdict.NOTHING:
            await self._record(lambda: self._journal.finish(job))
            return
        if found.verdict is Verdict.FORGET:
            await self._record(lambda: self._journal.forget(job))
            return
        target, outcome = found.target, found.outcome or Outcome.SUCCESS
        assert target is not None
        effect = None
        if found.cleanup is not Cleanup.NONE and not target.position.is_transient:
            effect = await self._clear(job)
        await self._record(lambda: self._journal.advance(job, outcome, target=target, effect=effect))

    async def _clear(self, job: Job) -> Effect | None:
        """Clear a VM away that is recovered without passing a clean-up stage; what cannot be reached stays behind."""
        try:
            return await self._step(job, Step.CLEANUP, self._host_of(job))
        except LeaseLost:
            raise
        except (BackendError, VmconsoleError) as error:
            log.warning("VM %s: not cleared away: %s", job.vm_id, error)
            return None


def _not_there(title: str, what: str = "") -> Failed:
    reason = f": {what} is not there yet" if what else " is not there yet"
    return Failed(f"{title}{reason}; nothing was changed", code="NOT_IMPLEMENTED")
