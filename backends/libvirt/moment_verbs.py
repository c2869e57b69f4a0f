"""`backends.moments.Moments` for a libvirt host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from backends.base import BackendError, DiskSpec, JobSeen, NotFound, Progress, Refused, SnapshotSeen, VolumeSeen
from backends.libvirt import backups, block_jobs, capacity, definition, jobs, layers, power, snapshots, volumes
from backends.libvirt.linked import Linked
from backends.libvirt.links import Work

INTERVAL = 0.2
"""Seconds between two looks at a job."""

NOTHING: Mapping[str, tuple[str, str]] = MappingProxyType({})

Look = Callable[[Work[Any]], Awaitable[Any]]


class MomentVerbs(Linked):
    """See `backends.moments.Moments`."""

    # The layers of a disk ---------------------------------------------------------------------------------------

    async def create_overlay(self, pool: str, name: str, backing: str) -> VolumeSeen:
        work = partial(layers.create, pool=pool, name=name, backing=backing)
        return await self._links.work(work, deadline=self._deadlines.define)

    async def repoint_disk(self, uuid: str, target: str, spec: DiskSpec) -> None:
        await self._links.verb(partial(layers.repoint, uuid=uuid, target=target, spec=spec))

    async def snapshot_disk_live(self, uuid: str, target: str, overlay_path: str, *, quiesce: bool = False) -> bool:
        work = partial(layers.snapshot_live, uuid=uuid, target=target, overlay=overlay_path, quiesce=quiesce)
        return await self._links.work(work, deadline=self._deadlines.define)

    async def volume_chain(self, pool: str, name: str) -> Sequence[VolumeSeen]:
        return await self._links.work(partial(layers.chain, pool=pool, name=name), deadline=self._deadlines.define)

    async def pull_disk(self, uuid: str, target: str, base: str | None, progress: Progress | None = None) -> None:
        await self._pull(self._links.verb, uuid, target, base, progress)

    async def pull_volume(self, pool: str, name: str, base: str | None, progress: Progress | None = None) -> None:
        self._need_files("volumes have no layers")
        async with self._links.extra() as own:  # The helping domain ends with the connection that made it.
            look = partial(own.call, deadline=self._deadlines.start)
            uuid = await look(partial(block_jobs.open_aside, pool=pool, name=name, host=self._described()))
            try:
                await self._pull(look, uuid, block_jobs.ASIDE_DISK, base, progress)
            finally:
                await look(partial(power.destroy, uuid=uuid))
            await look(partial(capacity.read_anew, pool=pool))

    async def commit_disk(self, uuid: str, target: str, layer: str, progress: Progress | None = None) -> None:
        if not await self._links.verb(partial(block_jobs.start_commit, uuid=uuid, target=target, layer=layer)):
            return
        seen = partial(block_jobs.seen, uuid=uuid, target=target)
        ready = partial(block_jobs.is_ready, uuid=uuid, target=target)
        give_up = partial(block_jobs.cancel, uuid=uuid, target=target)
        await self._watch(self._links.look, seen, give_up, progress, until=ready)
        await self._links.verb(partial(block_jobs.pivot, uuid=uuid, target=target))
        await self._watch(self._links.look, seen, give_up, None)

    async def _pull(
        self, look: Look, uuid: str, target: str, base: str | None, progress: Progress | None
    ) -> None:  # fmt: skip
        if not await look(partial(block_jobs.start_pull, uuid=uuid, target=target, base=base)):
            return
        seen = partial(block_jobs.seen, uuid=uuid, target=target)
        await self._watch(look, seen, partial(block_jobs.cancel, uuid=uuid, target=target), progress)
        await look(partial(block_jobs.check_pulled, uuid=uuid, target=target, base=base))

    # Snapshots of the whole domain ------------------------------------------------------------------------------

    async def create_snapshot(self, uuid: str, name: str, description: str = "") -> SnapshotSeen:
        work = partial(snapshots.create, uuid=uuid, name=name, description=description)
        # QEMU writes the memory in one go and tells nothing meanwhile.
        return await self._links.work(work, deadline=self._deadlines.restore)

    async def snapshots(self, uuid: str) -> Sequence[SnapshotSeen]:
        return await self._links.look(partial(snapshots.all_seen, uuid=uuid))

    async def revert_snapshot(self, uuid: str, name: str, *, run: bool | None = None) -> None:
        work = partial(snapshots.revert, uuid=uuid, name=name, run=run)
        await self._links.work(work, deadline=self._deadlines.restore)

    async def delete_snapshot(
        self, uuid: str, name: str, *, children: bool = False, metadata_only: bool = False
    ) -> None:
        work = partial(snapshots.delete, uuid=uuid, name=name, children=children, metadata_only=metadata_only)
        await self._links.work(work, deadline=self._deadlines.restore)

    async def redefine_snapshot(self, uuid: str, text: str, *, current: bool = False) -> None:
        await self._links.verb(partial(snapshots.redefine, uuid=uuid, text=text, current=current))

    # Copies -----------------------------------------------------------------------------------------------------

    async def copy_disk(
        self, uuid: str | None, target: str, source: tuple[str, str], copy: tuple[str, str], *,
        format: str = "qcow2", progress: Progress | None = None,
    ) -> VolumeSeen:  # fmt: skip
        pool, name = copy
        if uuid is None or not await self._links.look(partial(definition.is_active, uuid=uuid)):
            work = partial(
                volumes.clone, pool=pool, name=name, source_pool=source[0], source=source[1], format=format
            )  # fmt: skip
            return await self._links.work(work, deadline=self._deadlines.copy)
        await self.backup_begin(uuid, {target: copy}, format=format)
        try:
            await self.backup_wait(uuid, progress)
        except BackendError:
            await self._links.work(partial(volumes.delete, pool=pool, name=name), deadline=self._deadlines.define)
            raise
        await self._links.work(partial(capacity.read_anew, pool=pool), deadline=self._deadlines.define)
        made = await self._links.work(partial(volumes.seen, pool=pool, name=name), deadline=self._deadlines.define)
        if made is None:
            raise NotFound(f"the copy {name} is gone", host=self.name)
        return made

    async def backup_begin(
        self, uuid: str, disks: Mapping[str, tuple[str, str]], *, checkpoint: str = "", incremental_from: str = "",
        lying_on: Mapping[str, tuple[str, str]] = NOTHING, format: str = "qcow2", quiesce: bool = False,
    ) -> bool:  # fmt: skip
        work = partial(
            backups.begin,
            uuid=uuid,
            disks=disks,
            checkpoint=checkpoint,
            incremental_from=incremental_from,
            lying_on=lying_on,
            format=format,
            quiesce=quiesce,
        )
        return await self._links.work(work, deadline=self._deadlines.define)

    async def backup_wait(self, uuid: str, progress: Progress | None = None) -> None:
        seen, give_up = partial(backups.running, uuid=uuid), partial(jobs.cancel, uuid=uuid)
        await self._watch(self._links.look, seen, give_up, progress)
        await self._links.look(partial(backups.check_written, uuid=uuid))

    async def checkpoints(self, uuid: str) -> Sequence[str]:
        return await self._links.look(partial(backups.names, uuid=uuid))

    async def delete_checkpoint(self, uuid: str, name: str) -> None:
        work = partial(backups.delete_checkpoint, uuid=uuid, name=name)
        await self._links.work(work, deadline=self._deadlines.define)

    # Inside -----------------------------------------------------------------------------------------------------

    async def _watch(
        self, look: Look, seen: Work[JobSeen | None], give_up: Work[None], progress: Progress | None,
        *, until: Work[bool] | None = None,
    ) -> None:  # fmt: skip
        """Return when a job has ended, or is as far as `until` says.

        Raises:
            Refused: no byte has moved for `stall` seconds; the job has been given up.
        """
        last, moved = None, time.monotonic()
        while (now := await look(seen)) is not None:
            if until and await look(until):
                return
            if now != last:
                last, moved = now, time.monotonic()
                if progress:
                    progress(now.bytes_done, now.bytes_total)
            elif time.monotonic() - moved > self._deadlines.stall:
                await look(give_up)
                raise Refused(f"nothing moved for {self._deadlines.stall:g} s", host=self.name)
            await asyncio.sleep(INTERVAL)
        if until and not await look(until):
            raise Refused("the job has ended too early", host=self.name)
