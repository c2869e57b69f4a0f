"""Takes queued operations on, each in a task of its own, and calls off those that nobody wants any more."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller import borders, vm_record
from vmconsole.controller.admission import allow
from vmconsole.controller.journal import STORE_AWAY
from vmconsole.controller.link import NotYet
from vmconsole.controller.whereabouts import link_for
from vmconsole.controller.worker import Worker
from vmconsole.errors import Internal, VmconsoleError

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmconsole.controller.job import Job
    from vmconsole.controller.journal import Journal
    from vmconsole.controller.work import Surroundings

log = logging.getLogger(__name__)

PROGRESS_EVERY = 0.25
"""Seconds between two writes of an operation's progress."""
FINISH_WITHIN = 3.0
"""Seconds that what is under way gets to end by itself when the controller ends."""
TURN = 50
"""Operations taken on in one go: in between, hosts and lease must have their turn."""


class Executor:
    """Runs operations, each in its own task. Those on one VM follow each other; hosts do not wait for one another."""

    def __init__(self, journal: Journal, around: Surroundings) -> None:
        self._journal = journal
        self._around = around
        self._worker = Worker(journal, around)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._jobs: dict[str, Job] = {}
        self._aborting: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    @property
    def lost_lease(self) -> asyncio.Event:
        """Set when another controller has taken over."""
        return self._worker.lost_lease

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
            return self._journal.begin(operation_id, partial(allow, self._around))
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
        task = asyncio.create_task(self._worker.run(job), name=f"operation {job.id}")
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
            await link_for(self._around, job).require_up().abort_job(vm.uuid)
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
