"""Carries one operation out: the life-cycle table says where to go, the steps do the work."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING

from backends.base import BackendError, Unreachable
from vmconsole.controller import borders, problems, vm_record
from vmconsole.controller.evidence import shown_done
from vmconsole.controller.handlers import HANDLERS, IN_PLACE
from vmconsole.controller.journal import is_worked_at
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.steps import STEPS
from vmconsole.controller.vm_rows import Superseded
from vmconsole.controller.whereabouts import host_of, link_for
from vmconsole.controller.work import Work
from vmconsole.errors import Conflict, Failed, Internal, OutputFailed, TryAgain, UnknownOutcome, VmconsoleError
from vmconsole.lifecycle import actions, recovery
from vmconsole.lifecycle.recovery import Cleanup, Verdict
from vmconsole.lifecycle.stages import LEFT_AT_ONCE, Outcome, stage
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.base import Host
    from vmconsole.controller.job import Job
    from vmconsole.controller.journal import Journal
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.flows import Action

log = logging.getLogger(__name__)

NOTICE = 1.0
"""Seconds in which a link notices that it is lost."""
AT_ONCE = 5.0
"""Seconds for which a position is stayed at that is to be left at once; what is not done by then is done later."""
STORE_REST = 0.5
"""Seconds until a write is tried again that a busy store refused."""

_UNLIMITED = frozenset({Step.SHUTDOWN, Step.DESTROY, Step.PAUSE, Step.UNPAUSE})
"""Steps that cost the host nothing: they wait for a guest, or must not queue behind those that do."""


class Worker:
    """Sees operations through, each call of `run` one of them. `lost_lease` is set when another took over."""

    def __init__(self, journal: Journal, around: Surroundings) -> None:
        self._journal = journal
        self._around = around
        self.lost_lease = asyncio.Event()

    async def run(self, job: Job) -> None:
        """See an operation through, or, when the task is cancelled, leave it to the next controller."""
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
        state = "cancelled" if job.cancelled else "failed"
        try:
            if job.position is None or not job.position.is_transient or not await self._settled(job, error):
                await self._record(lambda: self._journal.fail(job, error, state=state))
        except Superseded:
            log.info("operation %s had been taken over", job.id)
        except LeaseLost:
            self.lost_lease.set()
        except VmconsoleError as refused:
            log.error("operation %s: that it failed was not written: %s", job.id, refused.message)

    async def _settled(self, job: Job, error: VmconsoleError) -> bool:
        """Go where the table leads on failure; False when a bug forbids: then the VM stays there for `recover`."""
        try:
            await self._record(lambda: self._journal.advance(job, Outcome.FAILURE, error=error))
        except (Superseded, LeaseLost, VmconsoleError):
            raise
        except Exception:
            log.exception("operation %s (%s): its failure could not be settled", job.id, job.command)
            return False
        return True

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
        link = link_for(self._around, job)
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
            host_id = host_of(self._around, job)
            try:
                async with asyncio.timeout(AT_ONCE if job.position in LEFT_AT_ONCE else None):
                    effect = await self._step(job, row.step, host_id)
            except TimeoutError:
                break
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
        ((target_id,),) = self._around.store.query("SELECT target_host_id FROM vm WHERE id = ?", (job.vm_id,))
        for known in (host_id, target_id):
            if known is not None:
                await self._around.fleet.link(known).tried.wait()
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
        # A step that is broken off, to be done again or not at all, has not succeeded.
        target, outcome = found.target, found.outcome or Outcome.FAILURE
        assert target is not None
        row = stage(job.position, job.variant) if found.outcome is Outcome.FAILURE else None
        if row is not None and (shown := await shown_done(self._around, job, row.step)):
            self._journal.remark(job, shown)
            job.attempt += 1
            await self._pass_stage(job)  # finds it done, and does what is left to be done
            return
        effect = None
        if found.cleanup is not Cleanup.NONE and not target.position.is_transient:
            effect = await self._clear(job)
        await self._record(lambda: self._journal.advance(job, outcome, target=target, effect=effect))

    async def _clear(self, job: Job) -> Effect | None:
        """Clear a VM away that is recovered without passing a clean-up stage; what cannot be reached stays behind."""
        try:
            return await self._step(job, Step.CLEANUP, host_of(self._around, job))
        except LeaseLost:
            raise
        except (BackendError, VmconsoleError) as error:
            log.warning("VM %s: not cleared away: %s", job.vm_id, error)
            return None
