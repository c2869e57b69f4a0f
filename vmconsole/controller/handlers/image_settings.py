"""What may be changed about an image alone: whether it may be used, and whether it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import image_trees
from vmconsole.controller.volumes import IMAGES, image_volume, ready_pool
from vmconsole.errors import Conflict, NotFound
from vmconsole.store.conditions import ALIVE

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def enable(job: Job, around: Surroundings) -> Effect:
    """Let an image be used again that was disabled, or whose copying failed."""
    return _move(job, ("disa", "err"), "rdy")


async def disable(job: Job, around: Surroundings) -> Effect:
    """Let nobody use an image any more; one that a VM uses cannot be disabled."""
    return _move(job, ("rdy", "err"), "disa")


def _move(job: Job, origins: tuple[str, ...], goal: str) -> Effect:
    number = int(job.arguments["image_id"])

    def effect(store: Store) -> None:
        _, _, state = _image(store, number)
        if state not in (*origins, goal):
            raise _in_the_way(number, state)
        if goal == "rdy" and not store.query("SELECT 1 FROM image_copy WHERE image_id = ?", (number,)):
            raise Conflict(f"image {number} has no content on any host", code="IMAGE_LOST")
        store.execute(
            "UPDATE image SET state = ?, message = '', changed = ? WHERE id = ?", (goal, store.next_change(), number)
        )

    return effect


async def make_persistent(job: Job, around: Surroundings) -> Effect:
    """From now on a VM changes the image itself. Of its copies one is kept: the others would differ from it.

    Raises:
        Conflict: the image is in use. Unavailable: a host that has a copy is not connected.
    """
    number = int(job.arguments["image_id"])
    copies = around.store.query("SELECT host_id FROM image_copy WHERE image_id = ? ORDER BY host_id", (number,))
    surplus = [around.fleet.link(host_id).require_up() for (host_id,) in copies[1:]]
    with around.journal.write() as store:
        _, _, state = _image(store, number)
        if state != "rdy" and not (state == "lock" and job.again):
            raise _in_the_way(number, state)
        store.execute("UPDATE image SET state = 'lock', changed = ? WHERE id = ?", (store.next_change(), number))
    try:
        for host in surplus:
            await host.delete_volume(await ready_pool(around, host, IMAGES), image_volume(number))
    except Exception:
        with around.journal.write() as store:
            free(store, number)
        raise

    def effect(store: Store) -> None:
        for (host_id,) in copies[1:]:
            store.execute("DELETE FROM image_copy WHERE image_id = ? AND host_id = ?", (number, host_id))
        store.execute("UPDATE image SET persistent = 1 WHERE id = ?", (number,))
        free(store, number)

    return effect


async def make_nonpersistent(job: Job, around: Surroundings) -> Effect:
    """From now on every VM works on a copy of its own. Raises Conflict: it is in use, or has snapshots."""
    number = int(job.arguments["image_id"])

    def effect(store: Store) -> None:
        _, _, state = _image(store, number)
        if state not in ("rdy", "disa", "err"):
            raise _in_the_way(number, state)
        if image_trees.has_tree(store, number):
            raise Conflict(
                f"image {number} has snapshots, which copies of it would not have",
                code="IMAGE_SNAPSHOTS", hint=f"take a copy of what it is now: vmconsole image clone {number} NAME",
            )  # fmt: skip
        store.execute("UPDATE image SET persistent = 0, changed = ? WHERE id = ?", (store.next_change(), number))

    return effect


def free(store: Store, number: int) -> None:
    """The image's content is whole and nothing is being done to it: it is ready, or used by the VMs that waited."""
    store.execute(
        "UPDATE image SET state = CASE WHEN EXISTS (SELECT 1 FROM disk JOIN vm ON vm.id = disk.vm_id"
        f" WHERE disk.image_id = image.id AND {ALIVE}) THEN 'used' ELSE 'rdy' END, changed = ? WHERE id = ?",
        (store.next_change(), number),
    )


def _image(store: Store, number: int) -> tuple[str, int, str]:
    """Name, owner and state."""
    rows = store.query("SELECT name, user_id, state FROM image WHERE id = ?", (number,))
    if not rows:
        raise NotFound(f"image {number} does not exist", code="NO_IMAGE", hint="vmconsole image list")
    found: tuple[str, int, str] = rows[0]
    return found


def _in_the_way(number: int, state: str) -> Conflict:
    if state == "used":
        return Conflict(f"image {number} is used by a VM", code="IMAGE_BUSY", hint=f"vmconsole image show {number}")
    return Conflict(f"image {number} is {state}", code="IMAGE_STATE")
