"""`backends.storage.Storage` for a libvirt host."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from backends.base import NetworkSeen, PoolSeen, Progress, Storage, VolumeSeen
from backends.libvirt import pools, relay, transfer, volumes
from backends.libvirt.linked import Linked
from backends.libvirt.links import Deadlines, Links
from backends.uri import HostUri


class StorageVerbs(Linked):
    """See `backends.storage.Storage`."""

    def __init__(self, uri: HostUri, name: str, links: Links, deadlines: Deadlines) -> None:
        super().__init__(uri, name, links, deadlines)
        self._ensuring = asyncio.Lock()

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
        self, pool: str, name: str, target: Storage, target_pool: str, target_name: str,
        progress: Progress | None = None,
    ) -> VolumeSeen:  # fmt: skip
        self._need_files("volumes cannot be sent")
        there = self._colleague(target)
        there._need_files("volumes cannot be received")
        async with self._links.extra() as sender, there._links.extra() as receiver:
            size = await sender.call(partial(volumes.file_size, pool=pool, name=name), deadline=self._deadlines.look)
            taken = await sender.call(partial(volumes.allocation, pool=pool, name=name), deadline=self._deadlines.look)
            room = partial(pools.require_room, name=target_pool, size_bytes=taken)
            await receiver.call(room, deadline=self._deadlines.look)
            meter = transfer.Meter(progress, total=size)
            return await relay.run(
                sender, (pool, name), receiver, (target_pool, target_name), meter, stall=self._deadlines.stall
            )
