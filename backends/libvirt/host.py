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
    Host,
    HostInfo,
    HostLoad,
    JobSeen,
    NetworkSeen,
    PoolSeen,
    Progress,
    Tag,
    VolumeSeen,
)
from backends.libvirt import (
    capabilities,
    definition,
    events,
    jobs,
    memory,
    pools,
    power,
    relay,
    stats,
    transfer,
    volumes,
)
from backends.libvirt.connection import KEEPALIVE
from backends.libvirt.guest_verbs import GuestVerbs
from backends.libvirt.hardware_verbs import HardwareVerbs
from backends.libvirt.job_watch import JobWatch
from backends.libvirt.links import Deadlines, Links, Work
from backends.libvirt.migration_verbs import MigrationVerbs
from backends.libvirt.moment_verbs import MomentVerbs
from backends.uri import parse


class LibvirtHost(HardwareVerbs, MomentVerbs, MigrationVerbs, GuestVerbs):
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
        self._ensuring = asyncio.Lock()
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

    # Storage ----------------------------------------------------------------------------------------------------

    async def ensure_pool(self, name: str, path: str) -> PoolSeen:
        async with self._ensuring:  # Two at once would both find no pool, and define it both.
            return await self._links.work(partial(pools.ensure, name=name, path=path), deadline=self._deadlines.define)

    async def pools(self) -> Sequence[PoolSeen]:
        return await self._links.look(pools.all_seen)

    async def networks(self) -> Sequence[NetworkSeen]:
        return await self._links.look(pools.networks)

    async def volume(self, pool: str, name: str) -> VolumeSeen | None:
        return await self._links.work(partial(volumes.seen, pool=pool, name=name), deadline=self._deadlines.define)

    async def volumes(self, pool: str) -> Sequence[VolumeSeen]:
        return await self._links.look(partial(volumes.all_seen, pool=pool))

    async def create_volume(
        self, pool: str, name: str, *, capacity_bytes: int, format: str, backing: str = "", backing_format: str = ""
    ) -> VolumeSeen:
        work = partial(
            volumes.create,
            pool=pool,
            name=name,
            capacity_bytes=capacity_bytes,
            format=format,
            backing=backing,
            backing_format=backing_format,
        )
        return await self._links.work(work, deadline=self._deadlines.define)

    async def clone_volume(self, pool: str, name: str, source_pool: str, source: str, *, format: str) -> VolumeSeen:
        work = partial(volumes.clone, pool=pool, name=name, source_pool=source_pool, source=source, format=format)
        return await self._links.work(work, deadline=self._deadlines.copy)

    async def resize_volume(self, pool: str, name: str, capacity_bytes: int) -> None:
        work = partial(volumes.resize, pool=pool, name=name, capacity_bytes=capacity_bytes)
        await self._links.work(work, deadline=self._deadlines.define)

    async def delete_volume(self, pool: str, name: str) -> None:
        await self._links.work(partial(volumes.delete, pool=pool, name=name), deadline=self._deadlines.define)

    async def wipe_volume(self, pool: str, name: str) -> None:
        await self._links.work(partial(volumes.wipe, pool=pool, name=name), deadline=self._deadlines.copy)

    async def upload(self, pool: str, name: str, source: Path, progress: Progress | None = None) -> VolumeSeen:
        self._need_files("nothing can be uploaded")
        meter = transfer.Meter(progress)
        work = partial(transfer.upload, pool=pool, name=name, source=source, meter=meter)
        async with self._links.extra() as connection:
            return await connection.call(work, deadline=self._deadlines.stall, pulse=lambda: meter.done)

    async def send_volume(
        self, pool: str, name: str, target: Host, target_pool: str, target_name: str,
        progress: Progress | None = None,
    ) -> VolumeSeen:  # fmt: skip
        self._need_files("volumes cannot be sent")
        there = self._colleague(target)
        there._need_files("volumes cannot be received")
        async with self._links.extra() as sender, there._links.extra() as receiver:
            size = await sender.call(partial(volumes.file_size, pool=pool, name=name), deadline=self._deadlines.look)
            meter = transfer.Meter(progress, total=size)
            return await relay.run(
                sender, (pool, name), receiver, (target_pool, target_name), meter, stall=self._deadlines.stall
            )

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
