"""Where the volumes of VMs and images lie, and how they get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.errors import Conflict, NotFound

if TYPE_CHECKING:
    from backends.base import Host, Progress, VolumeSeen
    from vmconsole.controller.vm_record import Disk
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

SYSTEM, IMAGES = 0, 1
"""Ids of the datastores every store has."""


async def ready_pool(around: Surroundings, host: Host, datastore_id: int) -> str:
    """The datastore's pool on a host, made if it is not there. Returns its name."""
    rows = around.store.query("SELECT pool, directory FROM datastore WHERE id = ?", (datastore_id,))
    if not rows:
        raise NotFound(f"datastore {datastore_id} does not exist", code="NO_DATASTORE")
    pool, directory = rows[0]
    info = next(link.info for link in around.fleet if link.backend is host)
    assert info is not None
    path = directory if directory.startswith("/") else f"{info.storage_root}/{directory}"
    await host.ensure_pool(pool, path)
    return str(pool)


def image_volume(image_id: int) -> str:
    return f"image-{image_id}"


def image_layer(image_id: int, layer: int) -> str:
    """Name of a persistent image's volume: the one it began with, or one of the layers put on it by snapshots."""
    return image_volume(image_id) + (f".{layer}" if layer else "")


def disk_volume(vm_id: int, disk_id: int, layer: int = 0) -> str:
    """Name of a disk's volume: the one it began with, or one of the layers that snapshots have put on it."""
    return f"one-{vm_id}-disk-{disk_id}" + (f".{layer}" if layer else "")


def datastore_of(disk: Disk) -> int:
    """The datastore in which the volume that a disk writes to lies, with its layers."""
    return IMAGES if disk.in_place else disk.datastore_id


def is_shared(store: Store, datastore_id: int) -> bool:
    """Whether the datastore's folder is the same on all hosts."""
    return bool(store.query("SELECT 1 FROM datastore WHERE id = ? AND shared = 1", (datastore_id,)))


def record_volume(store: Store, vm_id: int, disk: Disk, volume: VolumeSeen, host_id: int) -> None:
    """Write that a disk's volume lies on a host, in the datastore of its pool, and with it the image under it."""
    store.execute(
        "UPDATE disk SET volume = ?, path = ?, format = ?, host_id = ?, datastore_id ="
        " COALESCE((SELECT id FROM datastore WHERE datastore.pool = ?), datastore_id) WHERE vm_id = ? AND disk_id = ?",
        (volume.name, volume.path, volume.format, host_id, volume.pool, vm_id, disk.disk_id),
    )
    if disk.image_id is None:
        return
    if disk.persistent:  # it lies nowhere else
        store.execute("DELETE FROM image_copy WHERE image_id = ? AND host_id <> ?", (disk.image_id, host_id))
        record_copy(store, disk.image_id, host_id, volume.path, volume.name)
    elif not disk.frozen:  # what lies on a snapshot says nothing of the image
        found = volume.name == image_volume(disk.image_id)
        record_copy(store, disk.image_id, host_id, volume.path if found else volume.backing_path)


async def bring(
    around: Surroundings, pool: str, name: str, source_id: int | None, target: Host, progress: Progress
) -> VolumeSeen:
    """Move a volume to another host. Interrupted at any point it can be called again: the source goes last.

    Raises:
        Conflict: the volume is neither on its host nor on the target.
    """
    here = await target.volume(pool, name)
    if source_id is None:
        if here is None:
            raise Conflict(f"volume {name} lies on no known host", code="VOLUME_LOST")
        return here
    source = around.fleet.link(source_id).require_up()
    if source is target:
        if here is None:
            raise Conflict(f"volume {name} is not on host {target.name}", code="VOLUME_LOST")
        return here
    there = await source.volume(pool, name)
    if there is None:
        if here is None:
            raise Conflict(f"volume {name} is neither on {source.name} nor on {target.name}", code="VOLUME_LOST")
        return here
    if here is not None:
        await target.delete_volume(pool, name)
    arrived = await source.send_volume(pool, name, target, pool, name, progress)
    await source.delete_volume(pool, name)
    return arrived


async def image_on(around: Surroundings, image_id: int, host: Host, host_id: int, progress: Progress) -> VolumeSeen:
    """The image's volume on a host: what lies there, or a copy fetched from a host that has one. Idempotent.

    Raises:
        Conflict: no host has the image's content.
    """
    pool = await ready_pool(around, host, IMAGES)
    name = image_volume(image_id)
    copies = [row[0] for row in around.store.query("SELECT host_id FROM image_copy WHERE image_id = ?", (image_id,))]
    here = await host.volume(pool, name)
    if host_id in copies and here is not None:
        return here
    async with around.fleet.link(host_id).images:
        return await _copy_image(around, image_id, host, host_id, pool, progress)


async def _copy_image(
    around: Surroundings, image_id: int, host: Host, host_id: int, pool: str, progress: Progress
) -> VolumeSeen:
    """The image's volume, copied from another host and recorded at once, for whoever waits for the same copy."""
    name = image_volume(image_id)
    copies = [row[0] for row in around.store.query("SELECT host_id FROM image_copy WHERE image_id = ?", (image_id,))]
    here = await host.volume(pool, name)
    if host_id in copies and here is not None:
        return here
    for other_id in copies:
        link = around.fleet.link(other_id)
        await link.tried.wait()
        if link.is_up and other_id != host_id:
            if here is not None:  # a copy that was never recorded as whole
                await host.delete_volume(pool, name)
            copy = await link.backend.send_volume(pool, name, host, pool, name, progress)
            with around.journal.write() as store:
                record_copy(store, image_id, host_id, copy.path)
            return copy
    raise Conflict(
        f"image {image_id} lies on no host that is connected",
        code="IMAGE_LOST",
        hint=f"vmconsole image show {image_id}",
    )


def record_copy(store: Store, image_id: int, host_id: int, path: str, volume: str = "") -> None:
    """The image's content lies on this host, whole; `volume` is its topmost layer, if it has layers."""
    store.execute(
        "INSERT INTO image_copy (image_id, host_id, volume, path) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (image_id, host_id) DO UPDATE SET volume = excluded.volume, path = excluded.path",
        (image_id, host_id, volume or image_volume(image_id), path),
    )
