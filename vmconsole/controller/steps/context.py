"""The CD-ROM that tells a guest its context: made anew whenever the VM boots, so that it says what holds then."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vmconsole.controller import configuring
from vmconsole.controller.iso import write_iso
from vmconsole.controller.volumes import datastore_of, ready_pool
from vmconsole.templates.context import ContextNic, context_files

if TYPE_CHECKING:
    from backends.base import VolumeSeen
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Work

MIB = 1024 * 1024


async def write_context(work: Work, pool: str, name: str) -> VolumeSeen:
    """Make the volume, replacing what an earlier boot was told."""
    content = context_files(
        work.vm.template.get("CONTEXT", {}),
        vm_id=work.vm.id,
        name=work.vm.name,
        attributes=_attributes(work),
        nics=_nics(work),
    )
    await work.host.delete_volume(pool, name)
    link = work.around.fleet.link(work.host_id)
    if link.info is not None and "storage-transfer" not in link.info.features:
        return await work.host.create_volume(pool, name, capacity_bytes=MIB, format="raw")
    with tempfile.TemporaryDirectory(dir=work.around.run_dir) as folder:
        path = Path(folder) / "context.iso"
        await asyncio.to_thread(write_iso, content, path)
        return await work.host.upload(pool, name, path)


async def update_context(work: Work) -> Effect:
    """Tell a running guest its new context: the CD-ROM is taken out, made anew and put in. The rest waits for its boot.

    A VM that has no such CD-ROM yet gets it at its next boot too.
    """
    after = configuring.configured(work.job, work.vm)
    drive = next((disk for disk in work.vm.disks if disk.type == "context" and disk.volume), None)
    if drive is not None:
        told = replace(work, vm=replace(work.vm, template=after.to_data()))
        pool = await ready_pool(work.around, work.host, datastore_of(drive))
        await work.host.change_media(work.vm.uuid, drive.target, None)
        volume = await write_context(told, pool, drive.volume)
        await work.host.change_media(work.vm.uuid, drive.target, volume.path)
    return configuring.written(work.job, work.vm, after)


def _nics(work: Work) -> list[ContextNic]:
    """The VM's interfaces, with what their networks say to those who are on them."""
    rows = work.around.store.query(
        "SELECT nic.mac, nic.ip, network.attributes FROM nic LEFT JOIN network ON network.id = nic.network_id"
        " WHERE nic.vm_id = ? ORDER BY nic.nic_id",
        (work.vm.id,),
    )
    found = []
    for mac, ip, attributes in rows:
        told = json.loads(attributes or "{}")
        found.append(ContextNic(mac, ip, told.get("NETWORK_MASK", ""), told.get("GATEWAY", ""), told.get("DNS", "")))
    return found


def _attributes(work: Work) -> dict[str, str]:
    """The VM's own attributes that a context may name."""
    rows = work.around.store.query("SELECT user_template FROM vm WHERE id = ?", (work.vm.id,))
    return {key: value for key, value in json.loads(rows[0][0]).items() if isinstance(value, str)}
