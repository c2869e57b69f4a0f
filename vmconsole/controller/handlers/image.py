"""Images: registering content, copying and removing it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller.handlers.image_settings import free
from vmconsole.controller.volumes import IMAGES, image_volume, ready_pool, record_copy
from vmconsole.errors import Conflict, NoInput, NotFound, Unavailable
from vmconsole.lifecycle.permissions import default_mode

if TYPE_CHECKING:
    from typing import Any

    from backends.base import VolumeSeen
    from vmconsole.controller.job import Job
    from vmconsole.controller.link import Link
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

QCOW2_MAGIC = b"QFI\xfb"


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
        _mark(around, number, str(error))
        raise

    def effect(store: Store) -> dict[str, Any]:
        store.execute(
            "UPDATE image SET state = CASE WHEN EXISTS (SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id"
            " WHERE disk.image_id = image.id AND vm.state <> 6) THEN 'used' ELSE 'rdy' END,"
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
        if store.query("SELECT 1 FROM image WHERE user_id = ? AND name = ?", (job.user_id, arguments["name"])):
            raise Conflict(f"there is an image {arguments['name']!r} already", code="IMAGE_DUPLICATE")
        number = store.next_value("image")
        group_id = store.query("SELECT group_id FROM user_account WHERE id = ?", (job.user_id,))[0][0]
        store.execute(
            "INSERT INTO image (id, name, user_id, group_id, mode, datastore_id, type, persistent, state, source,"
            " registered, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'lock', ?, ?, ?)",
            (
                number, arguments["name"], job.user_id, group_id, default_mode(), IMAGES, arguments["type"],
                int(bool(arguments.get("persistent"))), f"operation:{job.id}", int(around.clock()),
                store.next_change(),
            ),
        )  # fmt: skip
    return number


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


def _mark(around: Surroundings, number: int, message: str) -> None:
    """Registration failed: the image stays, in error, and says why."""
    with around.journal.write() as store:
        store.execute(
            "UPDATE image SET state = 'err', message = ?, changed = ? WHERE id = ?",
            (message[:300], store.next_change(), number),
        )


async def clone(job: Job, around: Surroundings) -> Effect:
    """A new image with the content another one has now, copied by a host that has it.

    Meanwhile the source is `clon`: VMs may be made on it and wait, and it cannot be deleted.

    Raises:
        NotFound: there is no such image. Conflict: a VM is changing it, or it is not usable.
        Unavailable: no host that has it is connected.
    """
    source = int(job.arguments["source_id"])
    for known in around.fleet:
        await known.tried.wait()
    copies = {row[0] for row in around.store.query("SELECT host_id FROM image_copy WHERE image_id = ?", (source,))}
    found = next((link for link in around.fleet if link.host_id in copies and link.is_up), None)
    if found is None:
        raise Unavailable(f"image {source} lies on no host that is connected", code="IMAGE_LOST")
    kind, image_format = _begin_copying(job, around, source)
    job.arguments = {**job.arguments, "type": kind}
    number: int | None = None
    try:
        number = _register(job, around)
        pool = await ready_pool(around, found.backend, IMAGES)
        await found.backend.delete_volume(pool, image_volume(number))  # what an interrupted attempt left
        volume = await found.backend.clone_volume(
            pool, image_volume(number), pool, image_volume(source), format=image_format
        )
    except Exception as error:
        if number is not None:
            _mark(around, number, str(error))
        with around.journal.write() as store:
            free(store, source)
        raise

    def effect(store: Store) -> dict[str, Any]:
        store.execute(
            "UPDATE image SET format = ?, size_bytes = ? WHERE id = ?", (volume.format, volume.capacity_bytes, number)
        )
        record_copy(store, number, found.host_id, volume.path)
        free(store, number)
        free(store, source)
        return {"image_id": number, "name": job.arguments["name"]}

    return effect


def _begin_copying(job: Job, around: Surroundings, source: int) -> tuple[str, str]:
    """Type and format of the image to be copied, which is `clon` from here on."""
    with around.journal.write() as store:
        rows = store.query("SELECT state, persistent, type, format FROM image WHERE id = ?", (source,))
        if not rows:
            raise NotFound(f"image {source} does not exist", code="NO_IMAGE", hint="vmconsole image list")
        state, persistent, kind, image_format = rows[0]
        if state == "used" and persistent:
            raise Conflict(f"image {source} is persistent and a VM is changing it", code="IMAGE_BUSY")
        if state not in ("rdy", "used") and not (state == "clon" and job.again):
            raise Conflict(f"image {source} cannot be copied: it is {state}", code="IMAGE_STATE")
        store.execute("UPDATE image SET state = 'clon', changed = ? WHERE id = ?", (store.next_change(), source))
    return kind, image_format


async def delete(job: Job, around: Surroundings) -> Effect:
    """Remove an image that no VM uses, with its content on every host.

    Raises:
        Conflict: a VM uses it, or a host that has a copy is not connected.
    """
    number = int(job.arguments["image_id"])
    copies = around.store.query("SELECT host_id FROM image_copy WHERE image_id = ?", (number,))
    hosts = [around.fleet.link(host_id).require_up() for (host_id,) in copies]
    _claim(around, number)
    for host in hosts:
        try:
            await host.delete_volume(await ready_pool(around, host, IMAGES), image_volume(number))
        except BackendError:
            _mark(around, number, f"its copy on host {host.name} could not be deleted")
            raise

    def effect(store: Store) -> None:
        store.execute("DELETE FROM image_copy WHERE image_id = ?", (number,))
        store.execute("UPDATE disk SET image_id = NULL WHERE image_id = ?", (number,))
        store.execute("DELETE FROM image WHERE id = ?", (number,))

    return effect


def _claim(around: Surroundings, number: int) -> None:
    """From here on no VM can be made on the image any more. Raises NotFound, Conflict."""
    with around.journal.write() as store:
        users = store.query(
            "SELECT DISTINCT vm.id FROM disk JOIN vm ON vm.id = disk.vm_id WHERE disk.image_id = ? AND vm.state <> 6",
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
