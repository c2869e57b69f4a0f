"""The controller: holds the lease, and turns the crank of executor, monitor and placement until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from typing import TYPE_CHECKING

from vmconsole import config
from vmconsole.controller import placement, rescheduling
from vmconsole.controller.clock import Clock
from vmconsole.controller.executor import Executor
from vmconsole.controller.fleet import Fleet
from vmconsole.controller.journal import Journal
from vmconsole.controller.lease import RENEW_EVERY, LeaseLost
from vmconsole.controller.monitor import Monitor
from vmconsole.controller.scheduler import Scheduler
from vmconsole.controller.test_hosts import put_back
from vmconsole.controller.work import Surroundings
from vmconsole.errors import OutputFailed, TryAgain
from vmconsole.lifecycle import states
from vmconsole.store.location import run_dir
from vmconsole.store.wakeup import Listener

if TYPE_CHECKING:
    from backends.base import Event
    from vmconsole.controller.lease import Lease
    from vmconsole.controller.link import Link
    from vmconsole.controller.notification import Notifier
    from vmconsole.store.modelstore import ModelStore

log = logging.getLogger(__name__)

POLL_EVERY = 0.25
"""Seconds between two looks at the store when no nudge comes."""
LEAVE_WITHIN = 20.0
"""Seconds the controller may take to stop."""


class Controller:
    """One controller over one store, for as long as it holds the lease.

    Args:
        permanent: stay until told to stop; otherwise end after the setting `idle_exit` without work.
        notifier: tells the service manager that the work goes on.
    """

    def __init__(
        self,
        store: ModelStore,
        lease: Lease,
        url: str,
        settings: config.Settings,
        *,
        permanent: bool,
        notifier: Notifier,
    ) -> None:
        self._store = store
        self._lease = lease
        self._permanent = permanent
        self._notifier = notifier
        self._settings = settings
        self._directory = run_dir(url)
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._place = True
        self._placed = 0.0
        self._active = time.monotonic()
        journal = Journal(store, lease, time.time, self._on_change)
        self._fleet = Fleet(store, settings, self._directory, self._on_event, self._prepare)
        instance = store.query("SELECT value FROM meta WHERE key = 'instance'")[0][0]
        self._around = Surroundings(store, journal, self._fleet, settings, time.time, instance, self._directory)
        self._executor = Executor(journal, self._around)
        self._monitor = Monitor(self._around, self._on_change)
        self._scheduler = Scheduler(self._around, lease, Clock.from_environment())

    async def run(self) -> None:
        """Work until a signal, a lost lease, or idleness. Raises LeaseLost when another controller took over."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        listener = Listener(self._directory)
        loop.add_reader(listener.fileno(), listener.drain, self._on_nudge)
        renewal = asyncio.create_task(self._keep_lease(), name="lease")
        log.info("the controller begins, lease %d", self._lease.token)
        try:
            self._fleet.refresh()
            self._executor.recover()
            self._notifier.ready("works")
            await self._turn(renewal)
        finally:
            self._notifier.leaving()
            loop.remove_reader(listener.fileno())
            listener.close()
            renewal.cancel()
            try:
                await asyncio.wait_for(self._leave(), LEAVE_WITHIN)
            except TimeoutError:
                log.error("a host did not let go within %g s", LEAVE_WITHIN)
        if self._executor.lost_lease.is_set() or (renewal.done() and not renewal.cancelled() and renewal.exception()):
            raise LeaseLost("another controller took the lease")

    async def _turn(self, renewal: asyncio.Task[None]) -> None:
        """Look, work, wait; until something says stop."""
        marker: object = None
        while not (self._stop.is_set() or self._executor.lost_lease.is_set() or renewal.done()):
            try:
                if (seen := self._store.changed_marker()) != marker or self._wake.is_set():
                    marker = seen
                    self._wake.clear()
                    self._look()
                self._fire_due()
                self._place_if_due()
                self._monitor.check_silence()
                if self._idle():
                    log.info("nothing to do for %g s: the controller ends", self._settings.number("idle_exit"))
                    return
                self._notifier.alive()
            except LeaseLost:
                raise
            except (TryAgain, OutputFailed) as error:
                log.warning("the store cannot be written: %s", error.message)
                marker = None  # look again
            await self._nap()

    def _look(self) -> None:
        self._fleet.refresh()
        self._monitor.follow_fleet()
        self._executor.heed_cancellations()
        self._start_queued()

    def _start_queued(self) -> None:
        if self._executor.start_queued():
            self._wake.set()

    def _fire_due(self) -> None:
        """Fire schedules once every host has been tried: what needs one would else be refused for nothing."""
        if all(link.tried.is_set() for link in self._fleet) and self._scheduler.fire_due():
            self._wake.set()

    def _place_if_due(self) -> None:
        due = time.monotonic() - self._placed >= self._settings.number("placement_period")
        if (self._place or due) and all(link.tried.is_set() for link in self._fleet):
            self._place, self._placed = False, time.monotonic()
            placement.examine_clones(self._around)
            if placement.cycle(self._around) + rescheduling.cycle(self._around):
                self._on_change()  # more may be waiting than one cycle places
                self._start_queued()

    async def _nap(self) -> None:
        waiters = [asyncio.create_task(event.wait()) for event in (self._wake, self._stop)]
        await asyncio.wait(waiters, timeout=POLL_EVERY, return_when=asyncio.FIRST_COMPLETED)
        for waiter in waiters:
            waiter.cancel()

    def _idle(self) -> bool:
        if self._permanent:
            return False
        if self._executor.busy or self._waiting():
            self._active = time.monotonic()
        return time.monotonic() - self._active >= self._settings.number("idle_exit")

    def _waiting(self) -> bool:
        return bool(
            self._store.query(
                "SELECT 1 FROM operation WHERE state IN ('queued', 'running')"
                " UNION ALL SELECT 1 FROM vm WHERE state = ? OR resched = 1 LIMIT 1",
                (states.PENDING.state,),
            )
        )

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                self._lease.renew()
            except LeaseLost:
                raise
            except (TryAgain, OutputFailed):
                if self._lease.stale:
                    raise

    async def _leave(self) -> None:
        await self._executor.stop()
        await self._monitor.stop()
        await self._fleet.stop()

    async def _prepare(self, link: Link) -> None:
        await put_back(self._around, link)

    # What others tell us ----------------------------------------------------------------------------------------

    def _on_nudge(self) -> None:
        self._active = time.monotonic()
        self._wake.set()

    def _on_change(self) -> None:
        self._place = True
        self._wake.set()

    def _on_event(self, link: Link, event: Event) -> None:
        self._monitor.on_event(link, event)
        self._wake.set()
