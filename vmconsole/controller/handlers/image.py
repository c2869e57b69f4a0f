"""Images: registering content, copying and removing it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller import image_trees
from vmconsole.controller.handlers import image_copies
from vmconsole.controller.registration import add_image
from vmconsole.controller.volumes import IMAGES, image_volume, ready_pool, record_copy
from vmconsole.errors import Conflict, NoInput, NotFound, Unavailable
from vmconsole.store.conditions import ALIVE

if TYPE_CHECKING:
    from typing import Any

    from backends.base import VolumeSeen
    from vmconsole.controller.job import Job
    from vmconsole.controller.link import Link
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """Register an image with the content of a file, uploaded to a host, or as an empty volume.

    The row exists from the beginning, locked, so that VMs can be made on it and wait (ON-003).

    Raises:
        NoInput: the file is missing or unreadable. Unavailable: no host is connected.
    """
    arguments = job.arguments
    for known in around.fleet:
        await known.tried.wait()
    link = _roomiest(around)
    number = _register(job, around)
    try:
        pool = await ready_pool(around, link.backend, IMAGES)
        volume = await _fill(job, link, pool, image_volume(number))
    except Exception as error:
        image_copies.mark(around, number, str(error))
        raise

    def effect(store: Store) -> dict[str, Any]:
        store.execute(
            "UPDATE image SET state = CASE WHEN EXISTS (SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id"
            f" WHERE disk.image_id = image.id AND {ALIVE}) THEN 'used' ELSE 'rdy' END,"
            " format = ?, size_bytes = ?, message = '', changed = ? WHERE id = ?",
            (volume.format, volume.capacity_bytes, store.next_change(), number),
        )
        record_copy(store, number, link.host_id, volume.path)
        return {"image_id": number, "name": arguments["name"]}

    return effect


def _roomiest(around: Surroundings) -> Link:
    """The connected host that takes new images: the one with the fewest of them."""
    links = [link for link in around.fleet if link.is_up]
    if not links:
        raise Unavailable(
            "an image lies on a host, and no host is connected",
            code="NO_HOST",
            hint="vmconsole host create URI --name NAME",
        )
    counts = dict(around.store.query("SELECT host_id, COUNT(*) FROM image_copy GROUP BY host_id"))
    return min(links, key=lambda link: (counts.get(link.host_id, 0), link.host_id))


def _register(job: Job, around: Surroundings) -> int:
    """The image's row: a new one, or the one an interrupted attempt of this operation left."""
    arguments = job.arguments
    with around.journal.write() as store:
        rows = store.query("SELECT id FROM image WHERE source = ?", (f"operation:{job.id}",))
        if rows:
            return int(rows[0][0])
        return add_image(
            store, arguments["name"], arguments["type"], user_id=job.user_id, now=int(around.clock()),
            persistent=bool(arguments.get("persistent")), source=f"operation:{job.id}",
        )  # fmt: skip


async def _fill(job: Job, link: Link, pool: str, name: str) -> VolumeSeen:
    host, path = link.backend, job.arguments.get("path")
    if path is None:
        size = int(job.arguments["size_mib"]) * 1024 * 1024
        image_format = str(job.arguments.get("format") or "qcow2")
        return await host.create_volume(pool, name, capacity_bytes=size, format=image_format)
    source = Path(path)
    try:
        size = await asyncio.to_thread(_readable_bytes, source)
    except OSError as error:
        raise NoInput(f"image file {path}: {error.strerror}", code="INPUT_FILE") from error
    await host.delete_volume(pool, name)  # what an interrupted upload left
    assert link.info is not None
    if "storage-transfer" not in link.info.features:
        # A simulated host keeps no content; the volume has the right size all the same.
        return await host.create_volume(pool, name, capacity_bytes=size, format="raw")
    return await host.upload(pool, name, source, job.report)


def _readable_bytes(path: Path) -> int:
    """Size of a file that can be read. Raises OSError. It may lie on a slow disk: not for the event loop."""
    with path.open("rb") as file:
        file.read(1)
    return path.stat().st_size


async def clone(job: Job, around: Surroundings) -> Effect:
    """A new image with the content another one has now.

    Raises:
        NotFound, Conflict, Unavailable: as `image_copies.fill`; nothing was registered.
    """
    source = int(job.arguments["source_id"])
    await image_copies.holder(around, source)
    kind = image_copies.require_copyable(around.store, source, again=job.again)
    job.arguments = {**job.arguments, "type": kind}
    number = _register(job, around)
    await image_copies.fill(around, source, number, again=job.again)
    return lambda store: {"image_id": number, "name": job.arguments["name"]}


async def delete(job: Job, around: Surroundings) -> Effect:
    """Remove an image that no VM uses, with its content on every host and all its snapshots.

    Raises:
        Conflict: a VM uses it, or a host that has a copy is not connected.
    """
    number = int(job.arguments["image_id"])
    copies = around.store.query("SELECT host_id FROM image_copy WHERE image_id = ?", (number,))
    hosts = [around.fleet.link(host_id).require_up() for (host_id,) in copies]
    _claim(around, number)
    layers = image_trees.volumes(around.store, number)
    for host in hosts:
        try:
            pool = await ready_pool(around, host, IMAGES)
            for name in layers:
                await host.delete_volume(pool, name)
        except BackendError:
            image_copies.mark(around, number, f"its copy on host {host.name} could not be deleted")
            raise

    def effect(store: Store) -> None:
        store.execute("DELETE FROM image_copy WHERE image_id = ?", (number,))
        store.execute("DELETE FROM image_snapshot WHERE image_id = ?", (number,))
        store.execute("UPDATE disk SET image_id = NULL WHERE image_id = ?", (number,))
        store.execute("DELETE FROM image WHERE id = ?", (number,))

    return effect


def _claim(around: Surroundings, number: int) -> None:
    """From here on no VM can be made on the image any more. Raises NotFound, Conflict."""
    with around.journal.write() as store:
        users = store.query(
            f"SELECT DISTINCT vm.id FROM disk JOIN vm ON vm.id = disk.vm_id WHERE disk.image_id = ? AND {ALIVE}",
            (number,),
        )
        if users:
            raise Conflict(f"image {number} is used by VM {users[0][0]}", code="IMAGE_BUSY")
        if store.query("SELECT 1 FROM image WHERE id = ? AND state = 'clon'", (number,)):
            raise Conflict(f"image {number} is being copied", code="IMAGE_BUSY")
        claimed = store.execute(
            "UPDATE image SET state = 'dele', changed = ? WHERE id = ?", (store.next_change(), number)
        )
        if not claimed:
            raise NotFound(f"image {number} does not exist", code="NO_IMAGE")
