"""A libvirt host behind the `backends.base.Host` protocol: each of its methods sends one piece of work to the host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from backends.base import (
    BackendError,
    Busy,
    DeadlinePassed,
    DomainSeen,
    DomainSpec,
    DomainState,
    DomainStats,
    Event,
    Happening,
    HostInfo,
    HostLoad,
    JobSeen,
    Progress,
    Tag,
)
from backends.libvirt import (
    capabilities,
    definition,
    events,
    jobs,
    memory,
    power,
    stats,
)
from backends.libvirt.connection import KEEPALIVE
from backends.libvirt.guest_verbs import GuestVerbs
from backends.libvirt.hardware_verbs import HardwareVerbs
from backends.libvirt.job_watch import JobWatch
from backends.libvirt.links import Deadlines, Links, Work
from backends.libvirt.migration_verbs import MigrationVerbs
from backends.libvirt.moment_verbs import MomentVerbs
from backends.libvirt.storage_verbs import StorageVerbs
from backends.uri import parse


class LibvirtHost(StorageVerbs, HardwareVerbs, MomentVerbs, MigrationVerbs, GuestVerbs):
    """See `backends.base.Host`.

    Args:
        uri: a URI that `backends.uri.parse` accepts.
        name: what errors call the host.
        run_dir: private folder for the ssh script and the accepted host keys.
        timeout: seconds until an attempt to connect is given up.
        deadlines: limits of the calls.
        keepalive: seconds between probes, unanswered probes until the host counts as gone.
    """

    def __init__(
        self,
        uri: str,
        *,
        name: str,
        run_dir: Path,
        timeout: float = 10.0,
        deadlines: Deadlines | None = None,
        keepalive: tuple[int, int] = KEEPALIVE,
    ) -> None:
        parsed, deadlines = parse(uri), deadlines or Deadlines()
        links = Links(
            parsed,
            name=name,
            run_dir=run_dir,
            timeout=timeout,
            deadlines=deadlines,
            keepalive=keepalive,
            on_lost=self._lost,
        )
        super().__init__(parsed, name, links, deadlines)
        self.uri = parsed.safe
        self.unverified = parsed.unverified
        self._listeners: list[Callable[[Event], None]] = []
        self._cpu: stats.CpuSample | None = None
        self._opening = asyncio.Lock()
        self._announced = False

    @property
    def is_open(self) -> bool:
        return self._links.are_up

    async def open(self) -> HostInfo:
        async with self._opening:
            if self.is_open and self._info:
                return self._info
            ctl = await self._links.open()
            try:
                await self._links.look(partial(events.register, ctl, self._happened))
                describe = partial(capabilities.describe, uri=self._uri)
                # The first question after the start of a libvirtd makes it try out its QEMU.
                self._info = await self._links.look(describe, deadline=self._deadlines.define)
            except BackendError:
                ctl.drop("not usable")
                raise
            self._announced = True
            self._emit(Event(self.name, Happening.UP))
            return self._info

    async def close(self) -> None:
        await self._links.close()

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        self._listeners.append(listener)

    # What is so -------------------------------------------------------------------------------------------------

    async def load(self) -> HostLoad:
        cpus = self._described().cpus
        load, self._cpu = await self._links.look(partial(stats.load, previous=self._cpu, cpus=cpus))
        return load

    async def sweep(self, *, deadline: float = 15.0) -> Sequence[DomainStats]:
        try:
            return await self._links.look(stats.sweep, deadline=deadline, spare=True)
        except DeadlinePassed:
            # The first to ask after a guest's QEMU has hung waits for it, NOWAIT or not; whoever asks after that gets
            # an answer without that guest. Only a host that does not answer the second either is down.
            ctl = await self._links.replace_ctl()
            await self._links.look(partial(events.register, ctl, self._happened))
            return await self._links.look(stats.sweep, deadline=deadline)

    async def states(self) -> Mapping[str, DomainState]:
        return await self._links.look(stats.states)

    async def domains(self) -> Sequence[DomainSeen]:
        return await self._links.look(definition.all_seen, deadline=self._deadlines.define)

    async def domain(self, uuid: str) -> DomainSeen | None:
        return await self._links.look(partial(definition.seen, uuid=uuid))

    async def job(self, uuid: str) -> JobSeen | None:
        return await self._links.look(partial(jobs.current, uuid=uuid))

    async def abort_job(self, uuid: str) -> None:
        await self._links.verb(partial(jobs.cancel, uuid=uuid))

    async def settle(self, uuid: str, *, deadline: float = 600.0) -> None:
        until = time.monotonic() + deadline
        while not await self._links.look(partial(jobs.is_settled, uuid=uuid)):
            if time.monotonic() > until:
                raise Busy(f"a job on {self.name} has not ended within {deadline:g} s", host=self.name)
            await asyncio.sleep(0.5)

    # The life of a domain ---------------------------------------------------------------------------------------

    async def define(self, spec: DomainSpec) -> None:
        work = partial(definition.define, spec=spec, host=self._described(), session=self._uri.session)
        await self._links.work(work, deadline=self._deadlines.define)

    async def retag(self, uuid: str, tag: Tag) -> None:
        await self._links.verb(partial(definition.retag, uuid=uuid, tag=tag))

    async def start(self, uuid: str, *, paused: bool = False, discard_saved: bool = False) -> None:
        restores = not discard_saved and await self._links.look(partial(memory.has_saved, uuid=uuid))
        deadline = self._deadlines.restore if restores else self._deadlines.start
        work = partial(power.start, uuid=uuid, paused=paused, discard_saved=discard_saved)
        await self._links.work(work, deadline=deadline)

    async def shutdown(self, uuid: str) -> None:
        await self._links.verb(partial(power.shutdown, uuid=uuid))

    async def destroy(self, uuid: str) -> None:
        await self._links.verb(partial(power.destroy, uuid=uuid))

    async def reboot(self, uuid: str) -> None:
        await self._links.verb(partial(power.reboot, uuid=uuid))

    async def reset(self, uuid: str) -> None:
        await self._links.verb(partial(power.reset, uuid=uuid))

    async def pause(self, uuid: str) -> None:
        await self._links.verb(partial(power.pause, uuid=uuid))

    async def unpause(self, uuid: str) -> None:
        await self._links.verb(partial(power.unpause, uuid=uuid))

    async def save(self, uuid: str, progress: Progress | None = None) -> None:
        await self._save(uuid, partial(memory.save, uuid=uuid), progress)

    async def drop_saved(self, uuid: str) -> None:
        await self._links.verb(partial(memory.drop_saved, uuid=uuid))

    async def save_to(self, uuid: str, pool: str, volume: str, progress: Progress | None = None) -> None:
        self._need_files("memory cannot be saved into a pool")
        await self._save(uuid, partial(memory.save_to, uuid=uuid, pool=pool, volume=volume), progress)

    async def restore_from(self, spec: DomainSpec, pool: str, volume: str) -> None:
        self._need_files("memory cannot be restored from a pool")
        work = partial(memory.restore_from, spec=spec, pool=pool, volume=volume)
        await self._links.work(work, deadline=self._deadlines.restore)

    async def undefine(self, uuid: str) -> None:
        await self._links.verb(partial(definition.undefine, uuid=uuid))

    # Inside -----------------------------------------------------------------------------------------------------

    async def _save(self, uuid: str, work: Work[None], progress: Progress | None) -> None:
        patience = self._deadlines.stall
        async with JobWatch(self._links.look, uuid, progress, patience=patience) as watch:
            # Longer than the watch's own patience: a cancelled job needs a moment to say so.
            await self._links.work(work, deadline=1.5 * patience, pulse=lambda: watch.seen)

    def _happened(self, uuid: str, reason: str) -> None:
        self._emit(Event(self.name, Happening.DOMAIN, uuid, reason))

    def _lost(self, reason: str) -> None:
        if self._announced:  # Who was never told that the host is up need not be told that it went.
            self._announced = False
            self._emit(Event(self.name, Happening.DOWN, reason=reason))

    def _emit(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            listener(event)
