"""Watches every host: one bulk call at a time, events in between; what a host says wins over the store's belief."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from backends.base import BackendError, Happening
from vmconsole.controller import history, problems
from vmconsole.controller.handlers.host import describe, note_wild
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.samples import Samples
from vmconsole.errors import VmconsoleError
from vmconsole.lifecycle import host_states, observations, states
from vmconsole.lifecycle.domains import reported
from vmconsole.lifecycle.flows import Record
from vmconsole.lifecycle.history import MONITOR
from vmconsole.lifecycle.observations import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backends.base import DomainState, DomainStats, Event
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.observations import Observation

log = logging.getLogger(__name__)

EVENT_REST = 0.2
"""Seconds events of one host are gathered before it is looked at."""
LOAD_EVERY = 15.0
"""Seconds between two questions for a host's own load, which is a call of its own."""
FEW = 50
"""Up to this many new wild domains are looked at one by one; more are read all at once."""

_VMS = """
    SELECT id, uuid, state, lcm_state, busy, variant, state_since, missing, observed, observed_reason, cpu_percent,
        memory_used_kib, net_rx_bytes, net_tx_bytes, disk_read_bytes, disk_write_bytes, paused, changed
    FROM vm WHERE host_id = ? AND state <> 6
"""
_SEEN = """
    UPDATE vm SET observed = ?, observed_reason = ?, observed_at = ?, missing = 0, cpu_percent = ?,
        memory_used_kib = ?, net_rx_bytes = ?, net_tx_bytes = ?, disk_read_bytes = ?, disk_write_bytes = ?,
        monitored = ?, changed = ? WHERE id = ?
"""


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
        self._apply(link, stats, mark)
        await self._follow_wild(link, [seen.state for seen in stats])
        if time.monotonic() - self._load_asked.get(link.host_id, -LOAD_EVERY) >= LOAD_EVERY:
            self._load_asked[link.host_id] = time.monotonic()
            await self._write_load(link)

    async def _resynchronise(self, link: Link) -> None:
        """After every connect: events were lost, the machine may be another one, a simulated one forgot everything."""
        assert link.info is not None
        domains = list(await link.backend.domains())
        self._answered[link.host_id] = time.monotonic()
        with self._around.journal.write() as store:
            note_wild(store, link.host_id, domains)
            store.execute(
                "UPDATE host SET state = CASE WHEN state IN (?, ?) THEN ? ELSE state END, uuid = ?, hostname = ?,"
                " hypervisor = ?, info = ?, cpus = ?, memory_kib = ?, last_seen = ?, down_since = NULL, message = '',"
                " changed = ? WHERE id = ?",
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

    def _apply(self, link: Link, stats: Sequence[DomainStats], mark: int) -> None:
        """Compare what the host said with what the store believes; one transaction for the whole sweep.

        Args:
            mark: the change that was the last one when the host was asked. A VM that changed since then is left to the
                next sweep: what was said of it may be older than its state.
        """
        now = self._around.clock()
        by_uuid = {seen.state.uuid: seen for seen in stats}
        moved = False
        with self._around.journal.write() as store:
            change = store.next_change()
            updates: list[tuple[object, ...]] = []
            for row in store.query(_VMS, (link.host_id,)):
                number, uuid, state, lcm, busy, _, since, missing = row[:8]
                if row[17] > mark:
                    continue
                seen = by_uuid.get(uuid)
                missing = missing + 1 if seen is None else 0
                if seen is None:
                    store.execute("UPDATE vm SET missing = ? WHERE id = ?", (missing, number))
                elif (values := self._samples.measure(number, seen, now)) != row[8:16]:
                    updates.append((*values[:2], now, *values[2:], int(now), change, number))
                if busy:
                    continue
                position = states.by_numbers(state, lcm)
                found = observations.reconcile(
                    position,
                    _report(seen.state if seen else None),
                    seconds_in_state=now - since,
                    missing_reports=missing,
                    paused=bool(row[16]),
                    until_gone=int(self._around.settings["missing_reports"]),
                )
                if found is not None and not (found.end is states.RUNNING and position is states.RUNNING):
                    self._observe(number, found, position)
                    moved = True
            store.executemany(_SEEN, updates)
            store.execute("UPDATE host SET last_seen = ? WHERE id = ?", (int(now), link.host_id))
            self._samples.keep(store, link.host_id, now)
        if moved:
            self._on_change()

    def _observe(self, vm_id: int, found: Observation, before: states.Position) -> None:
        """Within the sweep's transaction: go where the observation says, with its record in the history."""
        store, now = self._around.store, self._around.clock()
        place = before
        for after in found.path:
            store.execute(
                "UPDATE vm SET state = ?, lcm_state = ?, prev_state = state, prev_lcm_state = lcm_state,"
                " state_since = ?, version = version + 1, variant = '', paused = ?, changed = ?"
                " WHERE id = ? AND busy IS NULL",
                (after.state, after.lcm, now, int(found.paused), store.next_change(), vm_id),
            )
            history.pass_over(store, vm_id, place, after, int(now))
            place = after
        if found.opens_record:
            history.note(store, vm_id, Record.OPEN, MONITOR, "", int(now))
            history.pass_over(store, vm_id, states.BOOT, states.RUNNING, int(now))
        elif found.marks_record:
            history.note(store, vm_id, Record.NOTE, MONITOR, "", int(now))
        if found.drops_snapshots:
            store.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (vm_id,))
        log.info("VM %d: %s was seen to be %s", vm_id, before.name, found.end.name)

    async def _follow_wild(self, link: Link, seen: Sequence[DomainState]) -> None:
        """Keep the list of domains that are no VMs."""
        store = self._around.store
        ours = {row[0] for row in store.query("SELECT uuid FROM vm WHERE host_id = ? AND state <> 6", (link.host_id,))}
        noted = {
            uuid: (power, reason)
            for uuid, power, reason in store.query(
                "SELECT uuid, power, reason FROM wild WHERE host_id = ?", (link.host_id,)
            )
        }
        strangers = {state.uuid: state for state in seen if state.uuid not in ours}
        if strangers.keys() - noted.keys():  # VMs that the store has elsewhere, or nowhere for now, are not wild
            ours = {row[0] for row in store.query("SELECT uuid FROM vm WHERE state <> 6")}
        wild = {uuid: state for uuid, state in strangers.items() if uuid not in ours}
        now_there = {uuid: (int(state.power), state.reason) for uuid, state in wild.items()}
        if now_there == noted:
            return
        new = wild.keys() - noted.keys()
        if len(new) > FEW:
            domains = list(await link.backend.domains())
            with self._around.journal.write() as table:
                note_wild(table, link.host_id, domains)
            return
        found = [domain for uuid in new if (domain := await link.backend.domain(uuid)) is not None]
        with self._around.journal.write() as table:
            change = table.next_change()
            for uuid in noted.keys() - wild.keys():
                table.execute("DELETE FROM wild WHERE host_id = ? AND uuid = ?", (link.host_id, uuid))
            for uuid, (power, reason) in now_there.items():
                table.execute(
                    "UPDATE wild SET power = ?, reason = ?, changed = ? WHERE host_id = ? AND uuid = ?",
                    (power, reason, change, link.host_id, uuid),
                )
            for domain in found:
                table.execute(
                    "INSERT INTO wild (host_id, uuid, name, power, reason, vcpu, memory_kib, changed)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (host_id, uuid) DO NOTHING",
                    (
                        link.host_id, domain.state.uuid, domain.state.name, int(domain.state.power),
                        domain.state.reason, domain.vcpus, domain.memory_kib, change,
                    ),
                )  # fmt: skip

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
            "SELECT id, state, lcm_state FROM vm WHERE host_id = ? AND state = 3 AND lcm_state = 3 AND busy IS NULL",
            (link.host_id,),
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
                    self._observe(number, found, before)
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


def _report(state: DomainState | None) -> Report:
    """What a domain's state means for its VM; None is a domain that the host did not mention."""
    return Report.MISSING if state is None else reported(int(state.power), state.reason)
