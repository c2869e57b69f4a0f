"""Watches every host: one bulk call at a time, events in between; what a host says wins over the store's belief."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from backends.base import BackendError, Happening
from vmconsole.controller import problems, strays, wild
from vmconsole.controller.handlers.host import describe
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.samples import Samples
from vmconsole.controller.sightings import Sightings
from vmconsole.controller.space import Space
from vmconsole.errors import VmconsoleError
from vmconsole.lifecycle import host_states, observations, states

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.base import Event
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings

log = logging.getLogger(__name__)

EVENT_REST = 0.2
"""Seconds events of one host are gathered before it is looked at."""
LOAD_EVERY = 15.0
"""Seconds between two questions for a host's own load, which is a call of its own."""


class Monitor:
    """One watch for each host, and one over their silence.

    Args:
        on_change: called when a VM's state changed, or a host came or went.
    """

    def __init__(self, around: Surroundings, on_change: Callable[[], None]) -> None:
        self._around = around
        self._on_change = on_change
        self._watches: dict[int, tuple[Link, asyncio.Task[None]]] = {}
        self._pokes: dict[int, asyncio.Event] = {}
        self._answered: dict[int, float] = {}
        self._load_asked: dict[int, float] = {}
        self._samples = Samples(around)
        self._sightings = Sightings(around, self._samples)
        self._space = Space(around)
        self._fresh: set[int] = set()

    def follow_fleet(self) -> None:
        """Watch every host there is a link to, and no other."""
        linked = {link.host_id: link for link in self._around.fleet}
        for host_id, (link, watch) in list(self._watches.items()):
            if linked.get(host_id) is not link:
                watch.cancel()
                del self._watches[host_id]
        for host_id, link in linked.items():
            if host_id not in self._watches:
                self._answered[host_id] = time.monotonic()
                self._pokes[host_id] = asyncio.Event()
                self._fresh.add(host_id)
                self._watches[host_id] = (link, asyncio.create_task(self._watch(link), name=f"watch {link.name}"))

    async def stop(self) -> None:
        watches = [watch for _, watch in self._watches.values()]
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)

    def on_event(self, link: Link, event: Event) -> None:
        """Called in the event loop for each event of a host."""
        if event.happening is Happening.UP:
            self._fresh.add(link.host_id)
        if event.happening is Happening.DOWN:
            self._note_trouble(link)
            self._on_change()
        elif (poke := self._pokes.get(link.host_id)) is not None:
            poke.set()

    # One host ---------------------------------------------------------------------------------------------------

    async def _watch(self, link: Link) -> None:
        poke = self._pokes[link.host_id]
        while True:
            await link.wait_up()
            poke.clear()
            try:
                await self._look(link)
            except BackendError as error:
                log.warning("host %s: %s", link.name, error.message)
            except LeaseLost:
                return
            except VmconsoleError as error:
                log.error("host %s: what it reported was not written: %s", link.name, error.message)
            except Exception:
                log.exception("host %s", link.name)  # the next look may succeed; nobody else looks at this host
            try:
                await asyncio.wait_for(poke.wait(), self._around.settings.number("sweep_period"))
                await asyncio.sleep(EVENT_REST)
            except TimeoutError:
                pass

    async def _look(self, link: Link) -> None:
        if link.host_id in self._fresh:
            await self._resynchronise(link)
            self._fresh.discard(link.host_id)
        mark = self._around.store.query("SELECT value FROM counter WHERE name = 'change'")[0][0]
        stats = await link.backend.sweep(deadline=self._around.settings.number("sweep_deadline"))
        self._answered[link.host_id] = time.monotonic()
        if self._sightings.apply(link.host_id, stats, mark):
            self._on_change()
        strays.follow(self._around, link.host_id, [seen.state for seen in stats], mark)
        await wild.follow(self._around, link, [seen.state for seen in stats])
        if time.monotonic() - self._load_asked.get(link.host_id, -LOAD_EVERY) >= LOAD_EVERY:
            self._load_asked[link.host_id] = time.monotonic()
            await self._write_load(link)
        await self._space.note(link)

    async def _resynchronise(self, link: Link) -> None:
        """After every connect: events were lost, the machine may be another one, a simulated one forgot everything."""
        assert link.info is not None
        domains = list(await link.backend.domains())
        self._answered[link.host_id] = time.monotonic()
        with self._around.journal.write() as store:
            wild.note(store, link.host_id, domains)
            store.execute(
                "UPDATE host SET state = CASE WHEN state IN (?, ?) THEN ? ELSE state END, uuid = ?, hostname = ?,"
                " hypervisor = ?, info = ?, cpus = ?, memory_kib = ?, last_seen = ?, down_since = NULL,"
                " confirmed_off = 0, message = '', changed = ? WHERE id = ?",
                (
                    host_states.INIT, host_states.ERROR, host_states.MONITORED, link.info.uuid, link.info.hostname,
                    link.info.hypervisor, describe(link.info), link.info.cpus, link.info.memory_kib,
                    int(self._around.clock()), store.next_change(), link.host_id,
                ),
            )  # fmt: skip
        self._on_change()

    async def _write_load(self, link: Link) -> None:
        load = await link.backend.load()
        with self._around.journal.write() as store:
            store.execute(
                "UPDATE host SET cpu_percent = ?, memory_used_kib = ?, last_seen = ?, changed = ? WHERE id = ?",
                (
                    load.cpu_percent, load.memory_used_kib, int(self._around.clock()), store.next_change(),
                    link.host_id,
                ),
            )  # fmt: skip
            self._samples.host(store, link.host_id, load)

    # Silence ----------------------------------------------------------------------------------------------------

    def check_silence(self) -> None:
        """Call a host that has been silent for too long in error, and its running VMs unknown (ON-020)."""
        limit = self._around.settings.number("unreachable_after")
        for link in self._around.fleet:
            silent = time.monotonic() - self._answered.get(link.host_id, time.monotonic())
            if silent >= limit and self._mark_lost(link, silent):
                self._on_change()

    def _mark_lost(self, link: Link, silent: float) -> bool:
        store = self._around.store
        running = store.query(
            "SELECT id, state, lcm_state FROM vm WHERE host_id = ? AND state = ? AND lcm_state = ? AND busy IS NULL",
            (link.host_id, states.RUNNING.state, states.RUNNING.lcm),
        )
        state = store.query("SELECT state FROM host WHERE id = ?", (link.host_id,))
        if not running and (not state or state[0][0] not in (host_states.INIT, host_states.MONITORED)):
            return False
        since = int(self._around.clock() - silent)
        with self._around.journal.write() as table:
            table.execute(
                "UPDATE host SET state = CASE WHEN state IN (?, ?) THEN ? ELSE state END,"
                " down_since = COALESCE(down_since, ?), message = ?, changed = ? WHERE id = ?",
                (
                    host_states.INIT, host_states.MONITORED, host_states.ERROR, since, _reason(link),
                    table.next_change(), link.host_id,
                ),
            )  # fmt: skip
            for number, vm_state, lcm in running:
                before = states.by_numbers(vm_state, lcm)
                if (found := observations.host_lost(before)) is not None:
                    self._sightings.follow(number, found, before)
        self._fresh.add(link.host_id)  # as soon as it answers, whether or not the connection was lost meanwhile
        log.warning("host %s has been silent for %.0f s: in error, %d VMs unknown", link.name, silent, len(running))
        return True

    def _note_trouble(self, link: Link) -> None:
        """A connection was lost or could not be made: show why, before anything is concluded from it."""
        try:
            with self._around.journal.write() as store:
                store.execute(
                    "UPDATE host SET message = ?, down_since = COALESCE(down_since, ?), changed = ? WHERE id = ?",
                    (_reason(link), int(self._around.clock()), store.next_change(), link.host_id),
                )
        except VmconsoleError as error:
            log.warning("host %s: its loss was not written: %s", link.name, error.message)


def _reason(link: Link) -> str:
    return problems.translate(link.error).message[:300] if link.error else "it does not answer"
