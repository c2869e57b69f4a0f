"""Giving a new image the content that another one has now, copied by a host that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.handlers.image_settings import free
from vmconsole.controller.volumes import IMAGES, image_volume, ready_pool, record_copy
from vmconsole.errors import Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from backends.base import VolumeSeen
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def fill(around: Surroundings, source: int, number: int, *, again: bool) -> None:
    """Copy the content of `source` into the image `number`, whose row is locked, and let that be used.

    Meanwhile the source is `clon`: VMs may be made on it and wait, and it cannot be deleted. A copy that fails leaves
    the new image in error.

    Args:
        again: an interrupted attempt may have left the source `clon`, or may have ended before that was recorded.

    Raises:
        NotFound: there is no such source. Conflict: a VM is changing it, or it is not usable.
        Unavailable: no host that has it is connected.
    """
    if again and around.store.query("SELECT 1 FROM image WHERE id = ? AND state IN ('rdy', 'used')", (number,)):
        return
    try:
        link, top = await holder(around, source)
        with around.journal.write() as store:
            require_copyable(store, source, again=again)
            store.execute("UPDATE image SET state = 'clon', changed = ? WHERE id = ?", (store.next_change(), source))
        try:
            copy = await _copy(around, link, top, source, number)
        finally:
            with around.journal.write() as store:
                free(store, source)
    except Exception as error:
        mark(around, number, str(error))
        raise
    with around.journal.write() as store:
        store.execute(
            "UPDATE image SET format = ?, size_bytes = ? WHERE id = ?", (copy.format, copy.capacity_bytes, number)
        )
        record_copy(store, number, link.host_id, copy.path)
        free(store, number)


async def _copy(around: Surroundings, link: Link, top: str, source: int, number: int) -> VolumeSeen:
    ((image_format,),) = around.store.query("SELECT format FROM image WHERE id = ?", (source,))
    pool = await ready_pool(around, link.backend, IMAGES)
    await link.backend.delete_volume(pool, image_volume(number))  # what an interrupted attempt left
    return await link.backend.clone_volume(pool, image_volume(number), pool, top, format=image_format)


async def holder(around: Surroundings, image_id: int) -> tuple[Link, str]:
    """A connected host with the image's content, and the volume that has it there. Raises Unavailable."""
    for known in around.fleet:
        await known.tried.wait()
    copies = dict(around.store.query("SELECT host_id, volume FROM image_copy WHERE image_id = ?", (image_id,)))
    found = next((link for link in around.fleet if link.host_id in copies and link.is_up), None)
    if found is None:
        raise Unavailable(f"image {image_id} lies on no host that is connected", code="IMAGE_LOST")
    return found, copies[found.host_id]


def require_copyable(store: Store, image_id: int, *, again: bool = False) -> str:
    """The type of an image that can be copied now. Raises NotFound, Conflict."""
    rows = store.query("SELECT state, persistent, type FROM image WHERE id = ?", (image_id,))
    if not rows:
        raise NotFound(f"image {image_id} does not exist", code="NO_IMAGE", hint="vmconsole image list")
    state, persistent, kind = rows[0]
    if state == "used" and persistent:
        raise Conflict(f"image {image_id} is persistent and a VM is changing it", code="IMAGE_BUSY")
    if state not in ("rdy", "used") and not (state == "clon" and again):
        raise Conflict(f"image {image_id} cannot be copied: it is {state}", code="IMAGE_STATE")
    return str(kind)


def mark(around: Surroundings, number: int, message: str) -> None:
    """The image has no content: it stays, in error, and says why."""
    with around.journal.write() as store:
        store.execute(
            "UPDATE image SET state = 'err', message = ?, changed = ? WHERE id = ?",
            (message[:300], store.next_change(), number),
        )
