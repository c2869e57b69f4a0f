"""`backends.hardware.Hardware` for a libvirt host."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from backends.base import DiskSpec, GuestUnwilling, NicSpec
from backends.libvirt import capacity, definition, devices, volumes
from backends.libvirt.linked import Linked

INTERVAL = 0.25
"""Seconds between two looks at what a guest does."""


class HardwareVerbs(Linked):
    """See `backends.hardware.Hardware`."""

    async def attach_disk(self, uuid: str, spec: DiskSpec) -> None:
        await self._links.verb(partial(devices.attach_disk, uuid=uuid, spec=spec))

    async def detach_disk(self, uuid: str, target: str) -> None:
        await self._detach(uuid, devices.disk(target), target)

    async def attach_nic(self, uuid: str, spec: NicSpec) -> None:
        await self._links.verb(partial(devices.attach_nic, uuid=uuid, spec=spec))

    async def detach_nic(self, uuid: str, mac: str) -> None:
        await self._detach(uuid, devices.nic(mac), f"network interface {mac}")

    async def change_media(self, uuid: str, target: str, source: str | None, *, format: str = "raw") -> None:
        work = partial(devices.change_media, uuid=uuid, target=target, source=source, format=format)
        await self._links.verb(work)

    async def resize_disk(self, uuid: str | None, target: str, pool: str, volume: str, capacity_bytes: int) -> None:
        resize = partial(capacity.grow_disk, target=target, capacity_bytes=capacity_bytes)
        if uuid is not None and await self._links.verb(partial(resize, uuid=uuid)):
            await self._links.work(partial(capacity.read_anew, pool=pool), deadline=self._deadlines.define)
            return
        work = partial(volumes.resize, pool=pool, name=volume, capacity_bytes=capacity_bytes)
        await self._links.work(work, deadline=self._deadlines.define)

    async def set_capacity(self, uuid: str, vcpus: int, memory_kib: int) -> None:
        await self._links.verb(partial(capacity.give, uuid=uuid, vcpus=vcpus, memory_kib=memory_kib))
        until = time.monotonic() + self._deadlines.guest
        while not await self._links.look(partial(capacity.has_memory, uuid=uuid, memory_kib=memory_kib)):
            if time.monotonic() > until:
                await self._links.verb(partial(capacity.stay, uuid=uuid))
                raise GuestUnwilling("the guest's balloon did not move: it may have no driver", host=self.name)
            await asyncio.sleep(INTERVAL)
        await self._links.verb(partial(capacity.keep_memory, uuid=uuid, memory_kib=memory_kib))

    async def define_xml(self, uuid: str, text: str) -> None:
        work = partial(definition.define_xml, uuid=uuid, text=text, host=self._described())
        await self._links.work(work, deadline=self._deadlines.define)

    async def domain_xml(self, uuid: str, *, secrets: bool = False, kept: bool = False) -> str:
        return await self._links.look(partial(definition.description, uuid=uuid, secrets=secrets, kept=kept))

    async def _detach(self, uuid: str, find: devices.Find, shown: str) -> None:
        until = time.monotonic() + self._deadlines.guest
        while not await self._links.verb(partial(devices.ask_to_release, uuid=uuid, find=find)):
            if time.monotonic() > until:
                raise GuestUnwilling(f"the guest does not let go of {shown}", host=self.name)
            await asyncio.sleep(INTERVAL)
        # Only now: while the guest has it, so does the kept definition.
        await self._links.verb(partial(devices.strike, uuid=uuid, find=find))
